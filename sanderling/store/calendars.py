"""Calendars on SQL."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.streams.stream import Lease
from jobs.sync.held import CalendarBatch, HeldEvent, Place
from jobs.sync.items import Kind
from jobs.sync.provider import AccountRef
from jobs.sync.records import starts_at
from sanderling.store.content import event_content, event_from
from sanderling.store.database import Database
from sanderling.store.row_insert import RowInsert
from sanderling.store.rows import AnyRow, portions
from sanderling.store.streams import require_lease
from sanderling.store.sync_news import SQLNews
from sanderling.store.sync_places import SQLPlaces
from sanderling.store.sync_schema import calendar_events

_rows = calendar_events.c
_PORTION = 500


class SQLCalendarStore:
    """Keep calendars in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._insert = RowInsert(database.replacing(calendar_events))
        self._places = SQLPlaces(database, Kind.CALENDAR)
        self._news = SQLNews(database)

    async def places(self, account_id: str) -> Mapping[str, Place]:
        """Return how far each calendar is."""
        return await self._places.read(account_id)

    async def held(
        self, account_id: str, calendar: str, ids: Collection[str]
    ) -> Mapping[str, HeldEvent]:
        """Return what is kept of these events."""
        found: list[HeldEvent] = []
        async with self._database.read() as connection:
            for some in portions(sorted(ids), _PORTION):
                mine = _of(account_id, calendar)
                found.extend(await _all(connection, *mine, _rows.remote_id.in_(some)))
        return {each.event.remote_id: each for each in found}

    async def exceptions(
        self, account_id: str, calendar: str, masters: Collection[str]
    ) -> Sequence[HeldEvent]:
        """Return the exceptions of these series."""
        found: list[HeldEvent] = []
        # As the index says it, so that a database sees that it will do.
        of_series = _rows.recurring_id.is_not(None)
        async with self._database.read() as connection:
            for some in portions(sorted(masters), _PORTION):
                mine = _there(account_id, calendar)
                found.extend(await _all(connection, *mine, of_series, _rows.recurring_id.in_(some)))
        return found

    async def unseen(self, account_id: str, calendar: str, generation: int) -> Sequence[HeldEvent]:
        """Return events that are of an earlier generation."""
        is_earlier = _rows.generation < generation
        async with self._database.read() as connection:
            return await _all(connection, *_there(account_id, calendar), is_earlier)

    async def count_there(self, account_id: str, calendar: str) -> int:
        """Return how many events of a calendar are not gone."""
        query = select(func.count()).select_from(calendar_events)
        async with self._database.read() as connection:
            counting = query.where(*_there(account_id, calendar))
            return int((await connection.execute(counting)).scalar_one())

    async def commit(self, account: AccountRef, lease: Lease, batch: CalendarBatch) -> None:
        """Write a batch whole."""
        async with self._database.write() as connection:
            await require_lease(connection, lease)
            await self._insert.run(connection, [_row(account, each) for each in batch.written])
            await self._places.write(connection, account.id, batch.places, batch.closed)
            await self._news.write(connection, account, batch.events, batch.contacts)


def _of(account_id: str, calendar: str) -> tuple[ColumnElement[bool], ...]:
    return _rows.account_id == account_id, _rows.calendar_id == calendar


def _there(account_id: str, calendar: str) -> tuple[ColumnElement[bool], ...]:
    return *_of(account_id, calendar), _rows.is_gone == false()


async def _all(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> Sequence[HeldEvent]:
    """Return the events that meet the conditions, by remote id, read in portions."""
    query = select(calendar_events).where(*conditions).order_by(_rows.remote_id).limit(_PORTION)
    found: list[HeldEvent] = []
    while True:
        after = [_rows.remote_id > found[-1].event.remote_id] if found else []
        some = (await connection.execute(query.where(*after))).all()
        found.extend(map(_event, some))
        if len(some) < _PORTION:
            return found


def _row(account: AccountRef, held: HeldEvent) -> dict[str, object]:
    return {
        "account_id": account.id,
        "calendar_id": held.calendar_id,
        "remote_id": held.event.remote_id,
        "workspace_id": account.workspace_id,
        "id": held.record_id,
        "recurring_id": held.event.recurring_id,
        "is_gone": held.is_gone,
        "generation": held.generation,
        "revision": held.revision,
        "starts_at": starts_at(held.event),
        "content": event_content(held.event),
    }


def _event(row: AnyRow) -> HeldEvent:
    return HeldEvent(
        record_id=row.id,
        calendar_id=row.calendar_id,
        event=event_from(row.content),
        is_gone=row.is_gone,
        generation=row.generation,
        revision=row.revision,
    )
