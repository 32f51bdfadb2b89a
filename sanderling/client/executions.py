"""What people do with queued calls."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from runner.executions.errors import ExecutionUnknown
from runner.executions.execution import ExecutionStatus
from runner.function import is_name
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.execution_models import (
    AskedBatch,
    AskedExecution,
    BatchAnswer,
    ExecutionPage,
    ExecutionShown,
)
from sanderling.client.asked import asked_body, page_place
from sanderling.client.executions_transport import ExecutionsTransport
from sanderling.client.refusal import failure_from
from sanderling.kernel.ids import is_id
from sanderling.kernel.jsontext import JSON, encode

MANY = 50
_LONGEST_POLL_S = 30.0


class QueueOptions(TypedDict, total=False):
    """How a call is queued; what is left out has its default."""

    version: int
    delay_s: float
    not_before: datetime
    deadline_s: float
    priority: int
    lane: str
    max_attempts: int
    timeout_s: float
    idempotency_key: str


class ExecutionFilters(TypedDict, total=False):
    """Which executions to list; what is left out means any."""

    function: str
    status: str
    key_id: str
    lane: str
    since: datetime
    until: datetime


class Executions:
    """What can be done with queued calls."""

    def __init__(self, transport: ExecutionsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def submit(
        self, function: str, event: JSON = None, **options: Unpack[QueueOptions]
    ) -> ExecutionShown:
        """Queue a call; it is kept when this returns, and runs once there is room.

        Under an `idempotency_key` the same call gets the same execution again, for a day.

        Raises:
            Refusal: it is not queued, and why.
            Fault: the server cannot be reached; whether it is queued, nobody knows.

        """
        answer = await self.submit_many([{"function": function, "event": event, **options}])
        (item,) = answer.items
        if item.execution is None:
            raise failure_from(item.problem or {})
        return item.execution

    async def submit_many(self, calls: Sequence[Mapping[str, object]]) -> BatchAnswer:
        """Queue up to 1000 calls, each with `function`, `event` and options as `submit` has them.

        Each is kept or refused on its own; the answer tells of each, in order.
        """
        for call in calls:
            encode(call.get("event"))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - that is what is checked here.
        asked = [asked_body(AskedExecution, call) for call in calls]
        return await self._transport.submit(AskedBatch(executions=asked))

    async def get(self, execution_id: str) -> ExecutionShown:
        """Return one execution with its event and, once it has ended, its answer."""
        return await self._transport.get(_known(execution_id), 0.0)

    async def wait(self, execution_id: str, *, timeout_s: float | None = None) -> ExecutionShown:
        """Return an execution once it has ended, or as it is after `timeout_s` seconds.

        In one's own instance it runs in this process meanwhile, unless a server is quicker.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = _LONGEST_POLL_S if until_s is None else until_s - time.monotonic()
            wait_s = max(0.0, min(left_s, _LONGEST_POLL_S))
            execution = await self._transport.get(_known(execution_id), wait_s)
            if execution.status.is_final or (left_s <= _LONGEST_POLL_S and until_s is not None):
                return execution

    async def list(
        self,
        *,
        limit: int = MANY,
        cursor: str | None = None,
        **filters: Unpack[ExecutionFilters],
    ) -> ExecutionPage:
        """Return executions, newest first, without their events and answers."""
        place = page_place(limit, cursor)
        query = _query(filters) | {"limit": str(place.limit)}
        if place.cursor is not None:
            query["cursor"] = place.cursor
        return await self._transport.list(query)

    async def cancel(self, execution_id: str) -> ExecutionShown:
        """Cancel an execution; one that runs is ended, one that has ended stays as it is."""
        return await self._transport.cancel(_known(execution_id))

    async def replay(self, execution_id: str) -> ExecutionShown:
        """Queue again what has ended, with the same event."""
        return await self._transport.replay(_known(execution_id), None)

    async def replay_with(self, execution_id: str, event: JSON) -> ExecutionShown:
        """Queue again what has ended, with another event."""
        return await self._transport.replay(_known(execution_id), encode(event))


def _known(execution_id: str) -> str:
    # A text that is no id is not sent, for it could be another route.
    if not is_id(execution_id, "exec"):
        raise ExecutionUnknown(execution_id=execution_id)
    return execution_id


def _query(filters: ExecutionFilters) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in filters.items():
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                raise _refused(name, "it has no time zone")
            query[name] = value.isoformat()
        elif isinstance(value, str):
            query[name] = value
    if "function" in query and not is_name(query["function"]):
        raise _refused("function", "it is not the name of a function")
    if "status" in query and query["status"] not in set(ExecutionStatus):
        raise _refused("status", f"it is {', '.join(ExecutionStatus)}")
    return query


def _refused(field: str, message: str) -> RequestInvalid:
    return RequestInvalid([Misfit("query", field, message)])
