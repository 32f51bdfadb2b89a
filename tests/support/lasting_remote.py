"""The worlds of `remote` and `remote_calendar`, in which what is kept lasts in a database."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.store import (
    Database,
    DatabaseLimits,
    SQLCalendarStore,
    SQLMailStore,
    SQLSyncRecords,
    open_database,
)
from sanderling.store.address import parse_address
from sanderling.store.schema import metadata, record_events
from sanderling.store.stream_schema import streams
from support.records import START
from support.remote import ACCOUNT, LEASE, World
from support.remote_calendar import CalendarWorld
from support.sync_stores import hold


class MortalDatabase(Database):
    """A database whose process may end when all of a transaction is written but its end, or after.

    Whatever is locked is waited for no longer than a moment.
    """

    def __init__(self, url: str) -> None:
        """Use the migrated database at `url`."""
        super().__init__(parse_address(url), DatabaseLimits(lock_s=0.05))
        self.before_commit: Callable[[], None] = _live_on
        self.after_commit: Callable[[], None] = _live_on
        self.is_busy: Callable[[], bool] = bool
        self._url = url

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction, of which nothing is kept when the process ends with it."""
        async with AsyncExitStack() as stack:
            if self.is_busy():
                await stack.enter_async_context(_locked(self._url))
            connection = await stack.enter_async_context(super().write())
            yield connection
            self.before_commit()
        self.after_commit()

    @asynccontextmanager
    async def immortal(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction of another process, which lives on."""
        async with super().write() as connection:
            yield connection


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
        self.fence = await usurped(self.database)

    async def local(self) -> dict[str, tuple[object, ...]]:
        """Return what people do see."""
        page = await SQLSyncRecords(self.database).messages(ACCOUNT.workspace_id, limit=10_000)
        shown = (each.message for each in page.rows)
        return {each.remote_id: (each.folders, each.is_read, each.text) for each in shown}

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return await announced(self.database)


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
        self.fence = await usurped(self.database)

    async def announced(self) -> Sequence[RecordChanged]:
        """Return the record events, those of one record in order."""
        return await announced(self.database)


async def opened(url: str) -> MortalDatabase:
    """Return the database at `url`, emptied, with a stream that is held; who asks closes it."""
    database = MortalDatabase(url)
    async with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())
    await hold(database)
    return database


def _live_on() -> None:
    """Let every transaction come to its end."""


@asynccontextmanager
async def _locked(url: str) -> AsyncGenerator[None]:
    """Let another process hold the stream's row, and on SQLite the whole file, all the while."""
    async with open_database(url) as other, other.write() as connection:
        await connection.execute(update(streams).values(fence=streams.c.fence))
        yield


async def usurped(database: MortalDatabase) -> int:
    """Let another worker claim the stream, whatever befalls others; return its fence."""
    async with database.immortal() as connection:
        claim = update(streams).where(streams.c.id == LEASE.stream_id)
        moved = claim.values(fence=streams.c.fence + 1).returning(streams.c.fence)
        return int((await connection.execute(moved)).scalar_one())


async def announced(database: Database) -> Sequence[RecordChanged]:
    """Return the record events that a database keeps, those of one record in order."""
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
