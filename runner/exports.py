"""The history as one stream, page after page, for a bounded number of readers at once."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.calls import Calls
from runner.errors import ExportsBusy
from sanderling.access.principal import Principal
from sanderling.kernel.ids import WorkspaceId
from sanderling.kernel.units import MIB

AT_ONCE = 4
"""How many exports run in one process."""

AT_ONCE_EACH = 2
"""How many of them one workspace may have."""

PAGE_BYTES = 1 * MIB
_FIRST_PAGE = 50
_LARGEST_PAGE = 500
_ROW_BYTES = 1024


class Exports:
    """Read the history from end to end without holding it.

    Calls come newest first; those that are made meanwhile are newer and not among them. What is
    held is one page of about a megabyte, and the next one is read when somebody takes it. No
    transaction stays open between pages. One event loop owns it.
    """

    def __init__(self, calls: Calls) -> None:
        """Read from `calls`."""
        self._calls = calls
        self._running: Counter[WorkspaceId] = Counter()

    @asynccontextmanager
    async def open(
        self, principal: Principal, matching: CallFilter
    ) -> AsyncGenerator[AsyncIterator[tuple[CallRecord, ...]]]:
        """Yield the pages of everything that matches.

        Raises:
            Forbidden: the principal may not read calls.
            ExportsBusy: as many exports run as may.

        """
        self._calls.permit(principal)
        workspace_id = principal.workspace_id
        if self._running.total() >= AT_ONCE or self._running[workspace_id] >= AT_ONCE_EACH:
            raise ExportsBusy(running=self._running.total())
        self._running[workspace_id] += 1
        try:
            yield self._pages(principal, matching)
        finally:
            self._running[workspace_id] -= 1

    async def _pages(
        self, principal: Principal, matching: CallFilter
    ) -> AsyncIterator[tuple[CallRecord, ...]]:
        cursor: str | None = None
        limit, is_first = _FIRST_PAGE, True
        while is_first or cursor is not None:
            page = await self._calls.list(principal, matching=matching, limit=limit, cursor=cursor)
            cursor, is_first = page.next_cursor, False
            if page.rows:
                yield page.rows
                # Small calls come by the hundreds, large ones a few at a time.
                each = sum(map(_size, page.rows)) / len(page.rows)
                limit = max(1, min(_LARGEST_PAGE, int(PAGE_BYTES / each)))


def _size(record: CallRecord) -> int:
    outcome = record.outcome
    bodies = len(record.event_json) + len(outcome.result_json or b"") + len(outcome.logs)
    return _ROW_BYTES + bodies
