"""Compile and run guest code in this process, with the language walls alone."""

import gc
from dataclasses import dataclass
from functools import cache
from typing import Any

from drivers.guest.language.caches import empty_caches, note_caches
from drivers.guest.language.catalogue import FACADES, preload
from drivers.guest.language.compiler import compile_source
from drivers.guest.language.facade import Facade
from drivers.guest.language.globals import build_globals
from drivers.guest.language.rejection import CodeRejected
from drivers.guest.language.result import encode_result
from drivers.guest.language.sink import Sink
from drivers.guest.language.trace import Failure, describe

KIB = 1024


@dataclass(frozen=True)
class Ran:
    """What one in-process call did; `failure` is there when it raised."""

    value: Any
    logs: str
    failure: Failure | None = None

    @property
    def says(self) -> str:
        """Return the failure as `Type: message`."""
        assert self.failure is not None, self.value
        return f"{self.failure.type}: {self.failure.message}"


def compile_guest(source: str) -> Any:
    """Compile with the default limits."""
    return compile_source(source, source_bytes=256 * KIB, ast_nodes=50_000, ast_depth=80)


@cache
def _prepare() -> None:
    # The tests, or a server that began in this process before, left out of searches what was there
    # already, and with it the caches of the library; a guest has neither.
    gc.unfreeze()
    preload()
    note_caches({name.partition(".")[0] for name in FACADES})


def run_guest(source: str, event: object = None) -> Ran:
    """Compile and call the handler of `source`; failures come back as values."""
    code = compile_guest(source)
    _prepare()
    sink = Sink(64 * KIB)
    empty_caches()  # As a worker does between calls.
    names: dict[str, Any] = build_globals(sink)
    context = Facade("context", {"request_id": "r1"})
    try:
        exec(code, names)  # noqa: S102 - running guest code is what is tested
        value = names["handler"](event, context)
        encode_result(value)
    except Exception as error:  # noqa: BLE001 - guest code may raise anything
        return Ran(None, sink.text(), describe(error))
    return Ran(value, sink.text())


def run_lines(*lines: str) -> Ran:
    """Run a handler whose body is `lines`."""
    return run_guest("def handler(event, context):\n" + "".join(f"    {line}\n" for line in lines))


def returned(*lines: str) -> Any:
    """Return what a handler with `lines` returns; it must not fail."""
    ran = run_lines(*lines)
    assert ran.failure is None, ran.says
    return ran.value


def rejection(source: str) -> CodeRejected:
    """Return why `source` is not compiled."""
    try:
        compile_guest(source)
    except CodeRejected as error:
        return error
    raise AssertionError("compiled")


def rejection_of(*lines: str) -> CodeRejected:
    """Return why a handler with `lines` is not compiled; its first line is line 2."""
    return rejection("def handler(event, context):\n" + "".join(f"    {line}\n" for line in lines))
