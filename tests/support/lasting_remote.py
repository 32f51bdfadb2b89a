"""The worlds of `remote` and `remote_calendar`, in which what is kept lasts in a database."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.store import (
    Database,
    DatabaseLimits,
    SQLCalendarStore,
    SQLMailStore,
    SQLSyncRecords,
)
from sanderling.store.address import parse_address
from sanderling.store.schema import record_events
from sanderling.store.stream_schema import streams
from support.records import START
from support.remote import ACCOUNT, LEASE, World
from support.remote_calendar import CalendarWorld
from support.sync_stores import hold


class MortalDatabase(Database):
    """A database whose process may end when all of a transaction is written but its end."""

    def __init__(self, path: Path) -> None:
        """Use the migrated SQLite file at `path`."""
        super().__init__(parse_address(f"sqlite:///{path}"), DatabaseLimits())
        self.before_commit: Callable[[], None] = _live_on

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction, of which nothing is kept when the process ends with it."""
        async with super().write() as connection:
            yield connection
            self.before_commit()


class LastingWorld(World):
    """Mail of one account that is kept in a database."""

    def __init__(self, database: MortalDatabase, *, is_whole: bool) -> None:
        """Start empty on both sides; the database is held already."""
        super().__init__(is_whole=is_whole)
        self.database = database
        self.store = SQLMailStore(database)
        database.before_commit = self.weather.in_transaction

    async def succeed(self) -> None:
        """Let another worker claim the stream."""
        self.fence = await _usurped(self.database)

    async def local(self) -> dict[str, tuple[object, ...]]:
        """Return what people do see."""
        page = await SQLSyncRecords(self.database).messages(ACCOUNT.workspace_id, limit=10_000)
        shown = (each.message for each in page.rows)
        return {each.remote_id: (each.folders, each.is_read, each.text) for each in shown}

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return await _announced(self.database)


class LastingCalendarWorld(CalendarWorld):
    """A calendar of one account that is kept in a database."""

    def __init__(self, database: MortalDatabase) -> None:
        """Start empty on both sides; the database is held already."""
        super().__init__()
        self.database = database
        self.store = SQLCalendarStore(database)
        database.before_commit = self.weather.in_transaction

    async def succeed(self) -> None:
        """Let another worker claim the stream."""
        self.fence = await _usurped(self.database)

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return await _announced(self.database)


async def opened(path: Path) -> MortalDatabase:
    """Return the database at `path`, with a stream that is held; who asks closes it."""
    database = MortalDatabase(path)
    await hold(database)
    return database


def _live_on() -> None:
    """Let every transaction come to its end."""


async def _usurped(database: MortalDatabase) -> int:
    before, database.before_commit = database.before_commit, _live_on
    async with database.write() as connection:
        claim = update(streams).where(streams.c.id == LEASE.stream_id)
        moved = claim.values(fence=streams.c.fence + 1).returning(streams.c.fence)
        fence = int((await connection.execute(moved)).scalar_one())
    database.before_commit = before
    return fence


async def _announced(database: Database) -> Sequence[RecordChanged]:
    async with database.read() as connection:
        rows = (await connection.execute(select(record_events))).all()
    told = [(row, json.loads(row.event)) for row in rows]
    changes = [
        RecordChanged(
            workspace_id=row.workspace_id,
            event_id=row.id,
            object=row.object,
            operation=RecordOperation(row.operation),
            record_id=event["recordId"],
            happened_at=START,
            after=event["properties"]["after"],
        )
        for row, event in told
    ]
    return sorted(changes, key=_number)


def _number(change: RecordChanged) -> int:
    return int(change.event_id.rpartition(".")[2])
