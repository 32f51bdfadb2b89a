"""What a zygote's workers are for: calling functions or compiling them.

A calling zygote never loads the compiler, so its workers stay small and cannot compile.
"""

import contextlib
import importlib
import json
import marshal
import struct
import sys

from drivers.guest.channel import (
    BIND,
    CALL,
    CODE,
    COMPILE,
    NONCE_BYTES,
    RESULT,
    Channel,
    SilentChannel,
    frame,
)
from drivers.guest.function import Function, FunctionLimits
from drivers.guest.language.catalogue import preload
from drivers.guest.language.facades.zones import load_zones
from drivers.guest.language.imports import INTERNAL
from drivers.guest.raw import load_armoury

_LENGTH = struct.Struct(">I")

# In the form the compiler gives to user code, because a calling zygote has no compiler.
_REHEARSAL = """
def handler(event, context):
    total = 0
    for item in event['items']:
        total += item
    if _getattr_(event['text'], 'startswith')('x'):
        total += len(event['text'])
    print(total)
    return {'total': total, 'name': _getattr_(context, 'call_id'), 'rows': [1.5, None, True]}
"""
_REHEARSAL_PLAIN = "def handler(event, context):\n    return event\n"
_REHEARSAL_LIMIT = 65536
_WARM_UP_CALLS = 20
# Above every function's own limits, which are set later and can only be lower.
_REHEARSAL_LIMITS: dict[str, object] = {"memory_bytes": 1 << 30, "cpu_s": 1 << 30}


def _rehearsal_body() -> bytes:
    given = {
        "event": {"items": [1, 2, 3], "text": "x" * 900},
        "context": {"call_id": "call_0", "function": "f"},
    }
    return b"0" * NONCE_BYTES + json.dumps(given).encode()


# What the language layer has to refuse: a way to a type, a raw exec, an import of the real world.
_FORBIDDEN_SOURCES = (
    "def handler(event, context):\n    return ().__class__\n",
    "def handler(event, context):\n    exec('1')\n",
    "import os\ndef handler(event, context):\n    return os\n",
    "async def handler(event, context):\n    return 1\n",
)
# The same in the form of compiled code, for the guards that hold while it runs.
_FORBIDDEN_CALLS = (
    "def handler(event, context):\n    return _getattr_(event, '__class__')\n",
    "def handler(event, context):\n    return _getattr_(handler, '__globals__')\n",
    "def handler(event, context):\n    return open('/etc/hostname')\n",
    "def handler(event, context):\n    import os\n    return 1\n",
    "def handler(event, context):\n    return eval('1')\n",
)


def _with_head(head: dict[str, object], rest: bytes) -> bytes:
    encoded = json.dumps(head).encode()
    return _LENGTH.pack(len(encoded)) + encoded + rest


class Flavour:
    """Do what one kind of worker does.

    `rehearsal` holds the frames of a made-up request.
    """

    is_raw = False
    rehearsal = b""

    def warm_up(self) -> None:
        """Load and run everything once, so that forks share it; called once, in the zygote."""

    def language_flaws(self) -> list[str]:
        """Return what the language layer let through and should not; called after warm_up."""
        return ["the language layer is switched off"]

    def compile(self, body: bytes, channel: Channel) -> None:
        """Serve a compile frame; only compiling workers do."""
        raise NotImplementedError


class Calling(Flavour):
    """Run functions whose code was compiled elsewhere."""

    def __init__(self, zones: str) -> None:
        """Prepare a small function to rehearse with; `zones` is the folder of the time zones."""
        self._zones = zones
        self._limits = FunctionLimits(log_bytes=_REHEARSAL_LIMIT, result_bytes=_REHEARSAL_LIMIT)
        self._body = _rehearsal_body()
        code = marshal.dumps(compile(_REHEARSAL, "<function>", "exec"))
        head = {
            **_REHEARSAL_LIMITS,
            "log_bytes": _REHEARSAL_LIMIT,
            "result_bytes": _REHEARSAL_LIMIT,
            "is_reused": True,
        }
        self.rehearsal = frame(BIND, _with_head(head, code)) + frame(CALL, self._body)
        self._code = code

    def warm_up(self) -> None:
        """Load every facade, and call often enough for the interpreter to specialise its code."""
        load_zones(self._zones)
        preload()
        for name in INTERNAL:
            # Not every Python has each of them.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        for _ in range(_WARM_UP_CALLS):
            channel = self._call(self._code)
            if channel.last_kind() != RESULT:
                raise RuntimeError(f"the rehearsal did not return a result: {channel.last!r}")

    def language_flaws(self) -> list[str]:
        """Run what compiled code must not be able to do."""
        flaws: list[str] = []
        for source in _FORBIDDEN_CALLS:
            code = marshal.dumps(compile(source, "<function>", "exec"))
            if self._call(code).last_kind() == RESULT:
                flaws.append(f"a guard let through: {source.splitlines()[-1].strip()}")
        return flaws

    def _call(self, code: bytes) -> SilentChannel:
        channel = SilentChannel()
        Function(code, self._limits, is_reused=True).call(self._body, channel)
        return channel


class Raw(Flavour):
    """Run sources as they are; for tests of the operating-system walls."""

    is_raw = True

    def __init__(self) -> None:
        """Prepare a small source to rehearse with."""
        source = _REHEARSAL_PLAIN.encode()
        bind = frame(BIND, _with_head(_REHEARSAL_LIMITS, source))
        self.rehearsal = bind + frame(CALL, _rehearsal_body())

    def warm_up(self) -> None:
        """Load what attacks use."""
        load_armoury()


class Compiling(Flavour):
    """Compile sources; it loads RestrictedPython, which the other flavours never do."""

    def __init__(self, site: str) -> None:
        """Find RestrictedPython in the folder `site`."""
        self._site = site
        self.rehearsal = frame(COMPILE, self._body_of(_REHEARSAL_PLAIN))

    def warm_up(self) -> None:
        """Load the compiler and compile once."""
        sys.path.append(self._site)
        # The parser loads it when a text first names a character, and then it is too late.
        importlib.import_module("unicodedata")
        from drivers.guest.compiling import compile_frame  # noqa: PLC0415 - only this flavour loads it.

        self._compile_frame = compile_frame
        if self._kind_for(_REHEARSAL_PLAIN) != CODE:
            raise RuntimeError("the rehearsal was not compiled")

    def language_flaws(self) -> list[str]:
        """Compile what must be refused."""
        return [
            f"the compiler let through: {source.splitlines()[-1].strip()}"
            for source in _FORBIDDEN_SOURCES
            if self._kind_for(source) == CODE
        ]

    def _body_of(self, source: str) -> bytes:
        limits = {"source_bytes": 1024, "ast_nodes": 1000, "ast_depth": 50, "nonce": "0"}
        return _with_head({**_REHEARSAL_LIMITS, **limits}, source.encode())

    def _kind_for(self, source: str) -> int:
        channel = SilentChannel()
        self._compile_frame(self._body_of(source), channel)
        return channel.last_kind()

    def compile(self, body: bytes, channel: Channel) -> None:
        """Compile one source."""
        self._compile_frame(body, channel)
