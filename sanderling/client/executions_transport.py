"""The port between what people write about queued calls and where it happens."""

from collections.abc import Mapping
from typing import Protocol

from sanderling.api.execution_models import (
    AskedBatch,
    BatchAnswer,
    ExecutionPage,
    ExecutionShown,
)


class ExecutionsTransport(Protocol):
    """Carry what is asked about queued calls.

    Every implementation passes `tests/contract/test_client_executions_contract.py`: same values,
    same refusals.
    """

    async def submit(self, asked: AskedBatch) -> BatchAnswer:
        """Queue calls, each on its own."""
        ...

    async def get(self, execution_id: str, wait_s: float) -> ExecutionShown:
        """Return one execution, once it has ended or after `wait_s` seconds."""
        ...

    async def list(self, query: Mapping[str, str]) -> ExecutionPage:
        """Return executions, newest first; `query` has the parameters of the API."""
        ...

    async def cancel(self, execution_id: str) -> ExecutionShown:
        """Ask for the end of one."""
        ...

    async def replay(self, execution_id: str, event_json: bytes | None) -> ExecutionShown:
        """Queue again what has ended, with its own event or another one."""
        ...
