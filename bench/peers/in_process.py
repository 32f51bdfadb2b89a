"""Peers that run the handler inside the benchmark's own process."""

import json
from types import CodeType, TracebackType
from typing import Any, Self

from bench.workload import SOURCE
from drivers.guest.language.compiler import compile_source
from drivers.guest.language.globals import build_globals
from drivers.guest.language.result import encode_result
from drivers.guest.language.sink import Sink
from drivers.limits import Limits

_LIMITS = Limits()


class _InProcess:
    is_paced = False
    max_lanes = 8
    parks = 200

    def __init__(self) -> None:
        self._code = self._compile(SOURCE)
        self._parked: list[CodeType] = []

    async def __aenter__(self) -> Self:
        """Do nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing."""

    async def prepare(self) -> None:
        """Do nothing."""

    async def park(self, first: int, count: int) -> None:
        """Keep compiled code of more functions."""
        for number in range(first, first + count):
            self._parked.append(self._compile(f"{SOURCE}# function {number}\n"))

    @staticmethod
    def _compile(source: str) -> CodeType:
        return compile(source, "<function>", "exec")


class ExecJSON(_InProcess):
    """Plain Python: compiled once, executed with fresh globals, JSON in and out; the base."""

    name = "exec_json"

    async def call(self, event_json: bytes, lane: int) -> bytes:  # noqa: ARG002 - one for all.
        """Run the handler in this process."""
        names: dict[str, Any] = {"__name__": "function"}
        exec(self._code, names)  # noqa: S102 - our own source.
        result = names["handler"](json.loads(event_json), {})
        return json.dumps(result, separators=(",", ":")).encode()


class RestrictedInProcess(_InProcess):
    """The guest language in this process: its guards, but no process and no OS walls."""

    name = "restricted_inproc"

    async def call(self, event_json: bytes, lane: int) -> bytes:  # noqa: ARG002 - one for all.
        """Run the guarded handler in this process."""
        names: dict[str, Any] = build_globals(Sink(_LIMITS.log_bytes))
        exec(self._code, names)  # noqa: S102 - our own source.
        return encode_result(names["handler"](json.loads(event_json), {}))

    @staticmethod
    def _compile(source: str) -> CodeType:
        return compile_source(
            source,
            source_bytes=_LIMITS.source_bytes,
            ast_nodes=_LIMITS.ast_nodes,
            ast_depth=_LIMITS.ast_depth,
        )
