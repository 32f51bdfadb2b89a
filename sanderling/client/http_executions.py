"""Queued calls over HTTP."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from pydantic import BaseModel

from sanderling.api.execution_models import (
    AskedBatch,
    BatchAnswer,
    ExecutionPage,
    ExecutionShown,
)

Answer = TypeVar("Answer", bound=BaseModel)

_PATH = "/v1/executions"


class _Connection(Protocol):
    async def read(
        self, path: str, model: type[Answer], query: Mapping[str, str] | None = None
    ) -> Answer: ...

    async def read_patiently(
        self, path: str, model: type[Answer], query: Mapping[str, str], *, wait_s: float
    ) -> Answer: ...

    async def send_body(self, path: str, model: type[Answer], body: bytes | None) -> Answer: ...


class HTTPExecutions:
    """Ask a server for its queued calls."""

    def __init__(self, connection: _Connection) -> None:
        """Speak over `connection`."""
        self._connection = connection

    async def submit(self, asked: AskedBatch) -> BatchAnswer:
        """Queue calls."""
        body = asked.model_dump_json().encode()
        return await self._connection.send_body(_PATH, BatchAnswer, body)

    async def get(self, execution_id: str, wait_s: float) -> ExecutionShown:
        """Return one execution."""
        path = f"{_PATH}/{execution_id}"
        if not wait_s:
            return await self._connection.read(path, ExecutionShown)
        query = {"wait_s": repr(float(wait_s))}
        return await self._connection.read_patiently(path, ExecutionShown, query, wait_s=wait_s)

    async def list(self, query: Mapping[str, str]) -> ExecutionPage:
        """Return executions, newest first."""
        return await self._connection.read(_PATH, ExecutionPage, query)

    async def cancel(self, execution_id: str) -> ExecutionShown:
        """Ask for the end of one."""
        path = f"{_PATH}/{execution_id}/cancel"
        return await self._connection.send_body(path, ExecutionShown, None)

    async def replay(self, execution_id: str, event_json: bytes | None) -> ExecutionShown:
        """Queue again what has ended."""
        path = f"{_PATH}/{execution_id}/replay"
        return await self._connection.send_body(path, ExecutionShown, event_json)
