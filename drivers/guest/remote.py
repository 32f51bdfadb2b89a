"""The handler of a function on AWS Lambda: it takes an envelope and answers with one.

The folder it is unpacked to holds `function.json` and `function.py` for one function, or neither:
then every request brings its function along. User code runs in a fork of its own for each call;
this process only carries. What the members of the envelopes mean is told where the host writes
and reads them, in `drivers/aws_lambda/envelope.py`.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path

from drivers.guest.channel import (
    BIND,
    BIND_HEAD,
    CALL,
    CODE,
    COMPILE,
    COMPILE_HEAD,
    ERROR,
    LOG,
    RESULT,
    frame,
)
from drivers.guest.flavour import LIBRARY, Compiling, Flavour, Library, Plain
from drivers.guest.foreign_lock import ForeignLock
from drivers.guest.nursery import Bounds, Nursery, Told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
MOST_ANSWER_BYTES = 5_900_000
"""The most that an answer may take on the wire; above 6 MB the cloud drops it."""

_ERROR_BYTES = 64 << 10
_CODE_BYTES = 16 << 20
_ENVELOPE_BYTES = 256
_LOG_HEAD_BYTES = 8
_COMPILE_WALL_S, _COMPILE_CPU_S, _COMPILE_MEMORY_BYTES = 20.0, 8.0, 384 << 20
_MOST_KEPT = 8
_SURELY_SMALL_BYTES = 512 << 10
_COUNT_BYTES = 32


class Flawed(Exception):
    """The language layer lets through what it must refuse, so nothing is run here."""


class Runner:
    """Serve the envelopes of one execution environment, one after another."""

    def __init__(self, root: Path) -> None:
        """Load what forks share, and prove what stands around them.

        Raises:
            Flawed: a guard does not hold on this Python.

        """
        self._site = str(root / "compiler")
        about = root / "function.json"
        self._function: dict[str, Any] | None = None
        if about.exists():
            source = (root / "function.py").read_bytes().decode("utf-8", "surrogatepass")
            self._function = {**json.loads(about.read_text(encoding="utf-8")), "source": source}
        flavour = self._function["flavour"] if self._function else LIBRARY
        self._flavour = Library(str(root / "zones")) if flavour == LIBRARY else Plain()
        self._flavour.warm_up()
        flaws = self._flavour.language_flaws()
        if flaws:
            raise Flawed("; ".join(flaws))
        self._lock = ForeignLock()
        self._lock.prove()
        self._nursery = Nursery(self._lock)
        self._compiled: dict[bytes, Told] = {}
        self._is_cold = True
        if self._function:
            # While the environment starts it has a whole processor, later only its share.
            self._compile(self._function)

    def serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the envelope that answers `request`."""
        # Where there is one of its own, nothing that comes with a request takes its place.
        function = self._function or request.get("function")
        if request.get("v") != VERSION or function is None:
            return {"v": VERSION, "ending": "refused"}
        compiled = self._compile(function)
        is_code = compiled.ending == "answered" and compiled.kind == CODE
        if not is_code:
            return self._answer("compile", compiled)
        if request["do"] == "compile":
            return self._answer("compile", _without_body(compiled))
        return self._answer("call", self._call(function, compiled.body, request))

    def _compile(self, function: dict[str, Any]) -> Told:
        text = function["source"].encode("utf-8", "surrogatepass")
        limits = function["limits"]
        counts = (limits["source_bytes"], limits["ast_nodes"], limits["ast_depth"])
        key = hashlib.sha256(repr(counts).encode() + text).digest()
        known = self._compiled.get(key)
        if known is not None:
            return known
        head = COMPILE_HEAD.pack(
            _COMPILE_MEMORY_BYTES, math.ceil(_COMPILE_CPU_S) + 1, *counts, b"0" * 16
        )
        told = self._nursery.serve(
            lambda: _compiler(self._site),
            frame(COMPILE, head + text),
            Bounds(
                wall_s=_COMPILE_WALL_S,
                cpu_s=_COMPILE_CPU_S,
                most={CODE: _CODE_BYTES, ERROR: _ERROR_BYTES},
            ),
        )
        if told.ending == "answered":
            # What ended otherwise may go better the next time.
            if len(self._compiled) >= _MOST_KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[key] = told
        return told

    def _call(self, function: dict[str, Any], code: bytes, request: dict[str, Any]) -> Told:
        limits = function["limits"]
        cpu_s = limits["cpu_s"]
        bind = BIND_HEAD.pack(
            limits["memory_bytes"],
            math.ceil(cpu_s) + 1,
            limits["log_bytes"],
            limits["result_bytes"],
            0,
        )
        given = json.dumps(
            {"event": request["event"], "context": request["context"]}, separators=(",", ":")
        )
        call = frame(CALL, request["nonce"].encode() + given.encode())
        bounds = Bounds(
            wall_s=min(request["wall_s"], limits["wall_s"]),
            cpu_s=cpu_s,
            most={
                RESULT: limits["result_bytes"] + _ENVELOPE_BYTES,
                ERROR: _ERROR_BYTES,
                LOG: limits["log_bytes"] + _LOG_HEAD_BYTES,
            },
        )
        return self._nursery.serve(lambda: self._flavour, frame(BIND, bind + code) + call, bounds)

    def _answer(self, stage: str, told: Told) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "v": VERSION,
            "stage": stage,
            "ending": told.ending,
            "kind": told.kind,
            "body": told.body.decode("utf-8", "replace"),
            "log": b"".join(told.log).decode("utf-8", "replace"),
            "dropped_bytes": told.dropped_bytes,
            "violation": told.violation,
            "status": told.status,
            "cpu_s": round(told.cpu_s, 6),
            "wall_s": round(told.wall_s, 6),
            "peak_bytes": told.peak_bytes,
            "layers": list(self._lock.layers),
            "python": sys.version.split()[0],
            "is_cold": self._is_cold,
        }
        self._is_cold = False
        is_small = len(told.body) + told.log_bytes <= _SURELY_SMALL_BYTES
        return answer if is_small else fitted(answer)


def fitted(answer: dict[str, Any]) -> dict[str, Any]:
    """Return `answer` as far as the cloud hands it on: its log gives way first, then its body."""
    size = len(json.dumps(answer))
    if size <= MOST_ANSWER_BYTES:
        return answer
    rest = MOST_ANSWER_BYTES - len(json.dumps({**answer, "log": ""})) - _COUNT_BYTES
    if rest < 0:
        return fitted({**answer, "ending": "too_large", "body": "", "size": size})
    log = answer["log"]
    while len(json.dumps(log)) > rest:
        log = log[: len(log) // 2]
    lost = len(answer["log"].encode()) - len(log.encode())
    return {**answer, "log": log, "dropped_bytes": answer["dropped_bytes"] + lost}


def _compiler(site: str) -> Flavour:
    """Make the compiler, in the fork that needs it, and see that it refuses what it must."""
    made = Compiling(site)
    made.warm_up()
    flaws = made.language_flaws()
    if flaws:
        raise Flawed("; ".join(flaws))
    return made


def _without_body(told: Told) -> Told:
    bare = Told()
    bare.ending, bare.kind = told.ending, told.kind
    bare.wall_s, bare.cpu_s = told.wall_s, told.cpu_s
    return bare


_runner: Runner | None = None


def load() -> None:
    """Get ready; called once while the environment starts."""
    global _runner  # noqa: PLW0603 - an execution environment has one, and a handler is a function.
    _runner = Runner(Path(__file__.rpartition("/drivers/guest/")[0]))


def handler(request: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve one envelope."""
    if _runner is None:
        load()
    assert _runner is not None  # noqa: S101 - load() made it or raised.
    return _runner.serve(request)
