"""Queued calls without a server: the use-cases, in this process, past the same gate."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from runner.executions.execution import ExecutionStatus
from runner.executions.ports import ExecutionFilter
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.execution_json import batch_json, execution_json, execution_page_json
from sanderling.api.execution_models import (
    AskedBatch,
    BatchAnswer,
    ExecutionPage,
    ExecutionShown,
)
from sanderling.api.services import Services
from sanderling.kernel.ids import KeyId

READ = Permission.CALLS_READ
CALL = Permission.FUNCTIONS_CALL

Admit = Callable[[Permission], Awaitable[Principal]]


class InProcessExecutions:
    """Work on the executions themselves; they run in this process while somebody waits here."""

    def __init__(self, services: Callable[[], Services], admit: Admit) -> None:
        """Ask `services` once they are open, and `admit` who may."""
        self._services = services
        self._admit = admit

    async def submit(self, asked: AskedBatch) -> BatchAnswer:
        """Queue calls."""
        principal, services = await self._admit(CALL), self._services()
        request_id = services.ids.request()
        requests = [each.request(request_id) for each in asked.executions]
        answers = await services.submission.submit_batch(principal, requests)
        return BatchAnswer.model_validate_json(batch_json(answers, request_id))

    async def get(self, execution_id: str, wait_s: float) -> ExecutionShown:
        """Return one execution."""
        principal = await self._admit(READ)
        found = await self._services().executions.get(principal, execution_id, wait_s=wait_s)
        return ExecutionShown.model_validate_json(execution_json(found))

    async def list(self, query: Mapping[str, str]) -> ExecutionPage:
        """Return executions, newest first."""
        status, key_id = query.get("status"), query.get("key_id")
        page = await self._services().executions.list(
            await self._admit(READ),
            matching=ExecutionFilter(
                function=query.get("function"),
                status=None if status is None else ExecutionStatus(status),
                key_id=None if key_id is None else KeyId(key_id),
                lane=query.get("lane"),
                since=_moment(query.get("since")),
                until=_moment(query.get("until")),
            ),
            limit=int(query["limit"]),
            cursor=query.get("cursor"),
        )
        return ExecutionPage.model_validate_json(execution_page_json(page))

    async def cancel(self, execution_id: str) -> ExecutionShown:
        """Ask for the end of one."""
        principal = await self._admit(CALL)
        after = await self._services().executions.cancel(principal, execution_id)
        return ExecutionShown.model_validate_json(execution_json(after))

    async def replay(self, execution_id: str, event_json: bytes | None) -> ExecutionShown:
        """Queue again what has ended."""
        principal, services = await self._admit(CALL), self._services()
        added = await services.executions.replay(
            principal, execution_id, request_id=services.ids.request(), event_json=event_json
        )
        return ExecutionShown.model_validate_json(execution_json(added.execution))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
