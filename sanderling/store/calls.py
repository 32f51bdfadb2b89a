"""The call log on SQL: taken at once, written in batches, read with what still waits."""

from types import TracebackType
from typing import Self

from sqlalchemy import select

from drivers.port import Health
from runner.call import CallRecord, newest_first
from runner.call_filter import CallFilter
from runner.cursor import call_cursor, call_place
from runner.ports import Page
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import CallId, WorkspaceId
from sanderling.store.call_backlog import CallLogBounds
from sanderling.store.call_query import can_match, listing
from sanderling.store.call_rows import call_record
from sanderling.store.call_writer import CallWriter
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.rows import page_of, read_all, read_one
from sanderling.store.schema import calls


class SQLCallLog:
    """Keep call records in the database.

    Entered and left once, on the event loop that uses it; leaving writes what still waits.
    """

    def __init__(
        self, database: Database, clock: Clock, *, bounds: CallLogBounds | None = None
    ) -> None:
        """Use `database`, which must be migrated and outlive this log."""
        self._database = database
        self._writer = CallWriter(database, clock, bounds or CallLogBounds())

    async def __aenter__(self) -> Self:
        """Begin to write in the background."""
        self._writer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what waits; nothing is lost unless the database stays away."""
        await self._writer.stop()

    def record_nowait(self, record: CallRecord) -> None:
        """Take a record; a batch that starts within 100 ms writes it."""
        self._writer.take(record)

    async def flush(self) -> None:
        """Write everything that was taken so far.

        Raises:
            StoreUnavailableError: the database cannot be written to; the records still wait.

        """
        await self._writer.flush()

    async def find_call(self, workspace_id: WorkspaceId, call_id: CallId) -> CallRecord | None:
        """Return one record of this workspace, also one that is not yet written."""
        waiting = self._writer.backlog.find(workspace_id, call_id)
        if waiting is not None or not is_storable(call_id):
            return waiting
        query = select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id == call_id)
        return await read_one(self._database, query, call_record)

    async def list_calls(
        self,
        workspace_id: WorkspaceId,
        *,
        matching: CallFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[CallRecord]:
        """Return records, newest first, with those that are not yet written."""
        place = call_place(cursor) if cursor is not None else None
        # What waits is looked at first: a record that is written in between is then seen twice,
        # which the id tells, and never missed.
        found = {
            record.id: record
            for record in self._writer.backlog.records()
            if record.workspace_id == workspace_id
            and matching.admits(record)
            and (place is None or (record.started_at, record.id) < place)
        }
        if can_match(matching):
            query = listing(workspace_id, matching, place).limit(limit + 1)
            written = await read_all(self._database, query, call_record)
            found.update((record.id, record) for record in written)
        return page_of(tuple(newest_first(found.values())), limit, call_cursor)

    async def health(self) -> Health:
        """Say whether records are being kept."""
        return self._writer.health()
