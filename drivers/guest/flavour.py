"""What a zygote's workers are for: calling functions or compiling them.

A calling zygote never loads the compiler, so its workers stay small and cannot compile. Each
worker pays for what its zygote has loaded, hence two kinds of them: most functions that import
nothing need no library.
"""

from __future__ import annotations

import marshal

from drivers.guest.channel import (
    BIND,
    BIND_HEAD,
    CALL,
    CODE,
    COMPILE,
    COMPILE_HEAD,
    NONCE_BYTES,
    RESULT,
    Channel,
    SilentChannel,
    frame,
)
from drivers.guest.function import Function
from drivers.guest.language.charsets import CHARSETS, HEAVY, load_charsets
from drivers.guest.notation import encode

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from drivers.guest.raw import RawFunction

PLAIN = "plain"
LIBRARY = "library"
COMPILING = "compile"
RAW = "raw"

_REHEARSAL_NONCE = b"0" * NONCE_BYTES
# In the form the compiler gives to user code, because a calling zygote has no compiler. A name that
# workers do not look at anyway would be a page more for each, so there are few.
_REHEARSAL = """
def handler(event, context):
    total = 0
    for value in event['value']:
        total += value
    if _getattr_(event['context'], 'startswith')('x'):
        total += len(event['context'])
    print(total)
    return {'event': total, 'context': _getattr_(context, 'call_id'), 'value': [1.5, None, True]}
"""
_REHEARSAL_PLAIN = "def handler(event, context):\n    return event\n"
_REHEARSAL_LIMIT = 65536
# Above every function's own limits, which are set later and can only be lower.
_REHEARSAL_MEMORY_BYTES, _REHEARSAL_CPU_S = 1 << 30, 1 << 30


def _rehearsal_body() -> bytes:
    # Of the size and the make of real events: what it allocates are the pages that they will.
    rows = [{"name": f"row-{number}", "price": number + 0.5} for number in range(8)]
    given = {
        "event": {
            "value": [1000 + number for number in range(64)],
            "tags": [f"tag-{number:03}" for number in range(64)],
            "rows": rows,
            "context": "x" * 900,
        },
        "context": {"call_id": "call_0", "function": "f"},
    }
    return _REHEARSAL_NONCE + encode(given).encode()


def _bind_frame(code: bytes) -> bytes:
    limits = (_REHEARSAL_MEMORY_BYTES, _REHEARSAL_CPU_S, _REHEARSAL_LIMIT, _REHEARSAL_LIMIT)
    return frame(BIND, BIND_HEAD.pack(*limits, 0) + code)


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


class Flavour:
    """Do what one kind of worker does.

    `rehearsal` holds the frames of a made-up request.
    """

    rehearsal = b""

    def warm_up(self) -> None:
        """Load everything, so that forks share it; called once, in the zygote."""

    def language_flaws(self) -> list[str]:
        """Return what the language layer let through and should not; called after warm_up."""
        return ["the language layer is switched off"]

    def bind(self, code: bytes, log_bytes: int, result_bytes: int) -> Function | RawFunction:
        """Return the function of a bind frame; only calling workers do."""
        raise NotImplementedError

    def compile(self, body: bytes, channel: Channel) -> None:
        """Serve a compile frame; only compiling workers do."""
        raise NotImplementedError


class Plain(Flavour):
    """Run functions that import nothing and whose code was compiled elsewhere."""

    def __init__(self) -> None:
        """Prepare a small function to rehearse with."""
        self._body = _rehearsal_body()
        self._code = marshal.dumps(compile(_REHEARSAL, "<function>", "exec"))
        self.rehearsal = _bind_frame(self._code) + frame(CALL, self._body)

    def load(self) -> None:
        """Load what code without imports can still lead to."""
        load_charsets(set(CHARSETS) - set(HEAVY))
        load_internal("_pylong")

    def warm_up(self) -> None:
        """Load, and see that a call works."""
        self.load()
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
        self.bind(code, _REHEARSAL_LIMIT, _REHEARSAL_LIMIT).call(self._body, channel)
        return channel

    def bind(self, code: bytes, log_bytes: int, result_bytes: int) -> Function:
        """Load marshalled code."""
        return Function(code, log_bytes, result_bytes)


class Library(Plain):
    """Run functions that import, from a table of facades that are all loaded."""

    def __init__(self, zones: str) -> None:
        """Prepare; `zones` is the folder of the time zones."""
        super().__init__()
        self._zones = zones

    def load(self) -> None:
        """Load every facade, the time zones and what C code imports by itself."""
        from drivers.guest.language.catalogue import preload  # noqa: PLC0415 - plain workers stay without.
        from drivers.guest.language.facades.zones import load_zones  # noqa: PLC0415 - as above.
        from drivers.guest.language.imports import INTERNAL  # noqa: PLC0415 - as above.

        load_zones(self._zones)
        preload()
        load_internal(*INTERNAL)


def load_internal(*names: str) -> None:
    """Import modules of which not every Python has each."""
    for name in names:
        try:
            __import__(name)
        except ImportError:
            continue


class Raw(Flavour):
    """Run sources as they are; for tests of the operating-system walls."""

    def __init__(self) -> None:
        """Prepare a small source to rehearse with."""
        from drivers.guest import raw  # noqa: PLC0415 - no other worker carries it.

        self._raw = raw
        self.rehearsal = _bind_frame(_REHEARSAL_PLAIN.encode()) + frame(CALL, _rehearsal_body())

    def warm_up(self) -> None:
        """Load what attacks use."""
        self._raw.load_armoury()

    def bind(self, code: bytes, log_bytes: int, result_bytes: int) -> RawFunction:  # noqa: ARG002 - an attack keeps no limit by itself.
        """Take the source."""
        return self._raw.RawFunction(code)


class Compiling(Flavour):
    """Compile sources; it loads RestrictedPython, which the other flavours never do."""

    def __init__(self, site: str) -> None:
        """Find RestrictedPython in the folder `site`."""
        self._site = site
        self.rehearsal = frame(COMPILE, self._body_of(_REHEARSAL_PLAIN))

    def warm_up(self) -> None:
        """Load the compiler and compile once."""
        import sys  # noqa: PLC0415 - only this flavour looks for modules outside the library.

        sys.path.append(self._site)
        # The parser loads it when a text first names a character, and then it is too late.
        load_internal("unicodedata")
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
        limits = (_REHEARSAL_MEMORY_BYTES, _REHEARSAL_CPU_S, 1024, 1000, 50, _REHEARSAL_NONCE)
        return COMPILE_HEAD.pack(*limits) + source.encode()

    def _kind_for(self, source: str) -> int:
        channel = SilentChannel()
        self._compile_frame(self._body_of(source), channel)
        return channel.last_kind()

    def compile(self, body: bytes, channel: Channel) -> None:
        """Compile one source."""
        self._compile_frame(body, channel)
