"""Stores of sync of each kind, with what they tell others, for suites that hold them alike."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from sqlalchemy import select

from jobs.accounts.ports import AccountRecords
from jobs.streams.stream import AccountId, Channel, Lease, StreamClaim
from jobs.sync.memory_records import MemorySyncRecords
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from jobs.sync.ports import CalendarStore, MailStore
from jobs.sync.records import SyncRecords
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.jsontext import JSON
from sanderling.store import (
    Database,
    SQLAccountRecords,
    SQLCalendarStore,
    SQLMailStore,
    SQLStreamStore,
    SQLSyncRecords,
    open_database,
)
from sanderling.store.schema import record_events, workspaces
from sanderling.store.sync_schema import contacts
from support.records import START
from support.remote import ACCOUNT, LEASE
from support.streams import a_stream

Store = TypeVar("Store")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Store]):
    """A store, and what it told others: ids of events in order, and addresses of contacts."""

    store: Store
    event_ids: Callable[[], Awaitable[list[str]]]
    contacts: Callable[[], Awaitable[dict[str, str]]]


def a_change(number: int, after: JSON = None) -> RecordChanged:
    """Return the event that tells of change `number`."""
    return RecordChanged(
        workspace_id=ACCOUNT.workspace_id,
        event_id=f"msg_1.{number:03}",
        object="message",
        operation=RecordOperation.UPDATED,
        record_id="msg_1",
        happened_at=START,
        after=after,
    )


@asynccontextmanager
async def opened_mail(url: str | None) -> AsyncGenerator[Kept[MailStore]]:
    """Yield an empty store of mail in which `LEASE` holds; in memory without `url`."""
    if url is None:
        store = MemoryMailStore(_holds)
        yield Kept(store, _ids_in(store), _contacts_in(store))
        return
    async with held_database(url) as database:
        yield Kept(SQLMailStore(database), _ids_of(database), _contacts_of(database))


@asynccontextmanager
async def opened_calendars(url: str | None) -> AsyncGenerator[Kept[CalendarStore]]:
    """Yield an empty store of calendars in which `LEASE` holds; in memory without `url`."""
    if url is None:
        store = MemoryCalendarStore(_holds)
        yield Kept(store, _ids_in(store), _contacts_in(store))
        return
    async with held_database(url) as database:
        yield Kept(SQLCalendarStore(database), _ids_of(database), _contacts_of(database))


@dataclass(frozen=True, slots=True)
class Shown:
    """Stores of mail and calendars, what shows what they keep, and what removes it."""

    mail: MailStore
    calendars: CalendarStore
    records: SyncRecords
    removal: AccountRecords


@asynccontextmanager
async def opened_records(url: str | None) -> AsyncGenerator[Shown]:
    """Yield empty stores in which `LEASE` holds; in memory without `url`."""
    if url is None:
        recalled: list[AccountId] = []

        def holds(lease: Lease) -> bool:
            return _holds(lease) and not recalled

        mail, calendars = MemoryMailStore(holds), MemoryCalendarStore(holds)
        records = MemorySyncRecords(mail, calendars, lambda account, _: recalled.append(account))
        yield Shown(mail, calendars, records, records)
        return
    async with held_database(url) as database:
        yield Shown(
            SQLMailStore(database),
            SQLCalendarStore(database),
            SQLSyncRecords(database),
            SQLAccountRecords(database),
        )


@asynccontextmanager
async def held_database(url: str) -> AsyncGenerator[Database]:
    """Yield a database with the workspace of `ACCOUNT` and its one stream, which `LEASE` holds."""
    async with open_database(url) as database:
        await hold(database)
        yield database


async def hold(database: Database) -> None:
    """Keep the workspace of `ACCOUNT` and its one stream, and let `LEASE` hold it."""
    row = {"id": ACCOUNT.workspace_id, "name": "mine", "mark": None, "created_at": START}
    async with database.write() as connection:
        await connection.execute(workspaces.insert(), [row])
    stream = replace(
        a_stream(ACCOUNT.id, workspace_id=ACCOUNT.workspace_id, channel=Channel.GMAIL),
        id=LEASE.stream_id,
    )
    streams = SQLStreamStore(database)
    await streams.open([stream])
    claim = StreamClaim(LEASE.worker, START, LEASE.until)
    [claimed] = await streams.claim(stream.lane, claim, limit=1)
    assert claimed.fence == LEASE.fence


def _holds(lease: Lease) -> bool:
    return lease.fence == LEASE.fence


def _ids_in(store: MemoryMailStore | MemoryCalendarStore) -> Callable[[], Awaitable[list[str]]]:
    async def ids() -> list[str]:
        return [each.event_id for each in store.events]

    return ids


def _ids_of(database: Database) -> Callable[[], Awaitable[list[str]]]:
    async def ids() -> list[str]:
        async with database.read() as connection:
            query = select(record_events.c.id).order_by(record_events.c.id)
            return list((await connection.execute(query)).scalars())

    return ids


def _contacts_in(
    store: MemoryMailStore | MemoryCalendarStore,
) -> Callable[[], Awaitable[dict[str, str]]]:
    async def found() -> dict[str, str]:
        known = (each.contact.address for each in store.found(ACCOUNT.workspace_id))
        return {each.email: each.name for each in known}

    return found


def _contacts_of(database: Database) -> Callable[[], Awaitable[dict[str, str]]]:
    async def found() -> dict[str, str]:
        async with database.read() as connection:
            rows = await connection.execute(select(contacts))
            return {row.email: row.name for row in rows}

    return found
