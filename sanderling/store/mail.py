"""Mail on SQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.streams.stream import Lease
from jobs.sync.held import HeldMessage, MailBatch, Place, Presence, Reason, Want
from jobs.sync.items import Kind
from jobs.sync.provider import AccountRef
from jobs.sync.records import AT_ONCE
from sanderling.store.database import Database
from sanderling.store.mail_writes import MailInserts, MailWrites
from sanderling.store.rows import AnyRow, AnySelect, portions, read_all
from sanderling.store.streams import require_lease
from sanderling.store.sync_news import SQLNews
from sanderling.store.sync_places import SQLPlaces
from sanderling.store.sync_schema import message_folders, message_wants, messages

_rows = messages.c
_folders = message_folders.c
_wants = message_wants.c
_PORTION = 500


class SQLMailStore:
    """Keep mail in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._inserts = MailInserts(database)
        self._places = SQLPlaces(database, Kind.MAIL)
        self._news = SQLNews(database)

    async def places(self, account_id: str) -> Mapping[str, Place]:
        """Return how far each folder is."""
        return await self._places.read(account_id)

    async def held(self, account_id: str, ids: Collection[str]) -> Mapping[str, HeldMessage]:
        """Return what is kept of these messages."""
        found: list[HeldMessage] = []
        async with self._database.read() as connection:
            for some in portions(sorted(ids), _PORTION):
                query = select(messages).where(
                    _rows.account_id == account_id, _rows.remote_id.in_(some)
                )
                found.extend(await _held(connection, account_id, query))
        return {each.remote_id: each for each in found}

    async def unseen(self, account_id: str, folder: str, generation: int) -> Sequence[HeldMessage]:
        """Return the messages of a folder that are of an earlier generation."""
        query = _there(select(messages), account_id, folder)
        query = query.where(_rows.generation < generation).order_by(_rows.remote_id)
        found: list[HeldMessage] = []
        async with self._database.read() as connection:
            while True:
                after = [_rows.remote_id > found[-1].remote_id] if found else []
                some = await _held(connection, account_id, query.where(*after).limit(_PORTION))
                found.extend(some)
                if len(some) < _PORTION:
                    return found

    async def count_there(self, account_id: str, folder: str) -> int:
        """Return how many messages of a folder are not gone."""
        query = _there(select(func.count()).select_from(messages), account_id, folder)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def wanted(self, account_id: str, now: datetime, *, limit: int) -> Sequence[Want]:
        """Return what is to be fetched and due."""
        due = select(message_wants).where(_wants.account_id == account_id, _wants.due_at <= now)
        ordered = due.order_by(_wants.thread_id, _wants.remote_id).limit(limit)
        return [*await read_all(self._database, ordered, _want)]

    async def next_wanted_at(self, account_id: str) -> datetime | None:
        """Return when the earliest wanted message is due."""
        mine = _wants.account_id == account_id
        # Most are due at once while there are many: then the first that is found will do.
        at_once = select(_wants.due_at).where(mine, _wants.due_at == AT_ONCE).limit(1)
        async with self._database.read() as connection:
            if (await connection.execute(at_once)).one_or_none() is not None:
                return AT_ONCE
            query = select(func.min(_wants.due_at)).where(mine)
            earliest: datetime | None = (await connection.execute(query)).scalar_one()
        return earliest

    async def commit(self, account: AccountRef, lease: Lease, batch: MailBatch) -> None:
        """Write a batch whole."""
        async with self._database.write() as connection:
            await require_lease(connection, lease)
            writes = MailWrites(connection, self._inserts, account)
            await writes.write_messages(batch)
            await writes.write_wants(batch)
            await self._places.write(connection, account.id, batch.places, batch.closed)
            await self._news.write(connection, account, batch.events, batch.contacts)


def _there(query: AnySelect, account_id: str, folder: str) -> AnySelect:
    query = query.where(_rows.account_id == account_id, _rows.presence != Presence.GONE.value)
    if not folder:
        return query
    is_in_it = (
        select(text("1"))
        .select_from(message_folders)
        .where(
            _folders.account_id == account_id,
            _folders.folder == folder,
            _folders.remote_id == _rows.remote_id,
        )
        .exists()
    )
    return query.where(is_in_it)


async def _held(
    connection: AsyncConnection, account_id: str, query: AnySelect
) -> Sequence[HeldMessage]:
    """Return the messages that `query` finds, which are at most `_PORTION`."""
    rows = (await connection.execute(query)).all()
    folders: defaultdict[str, set[str]] = defaultdict(set)
    if rows:
        where = select(_folders.remote_id, _folders.folder).where(
            _folders.account_id == account_id,
            _folders.remote_id.in_([row.remote_id for row in rows]),
        )
        for row in await connection.execute(where):
            folders[row.remote_id].add(row.folder)
    return [_message(row, frozenset(folders[row.remote_id])) for row in rows]


def _message(row: AnyRow, folders: frozenset[str]) -> HeldMessage:
    return HeldMessage(
        record_id=row.id,
        remote_id=row.remote_id,
        thread_id=row.thread_id,
        version=row.version,
        folders=folders,
        is_read=row.is_read,
        presence=Presence(row.presence),
        generation=row.generation,
        revision=row.revision,
    )


def _want(row: AnyRow) -> Want:
    not_before = None if row.due_at == AT_ONCE else row.due_at
    return Want(row.remote_id, row.thread_id, Reason(row.reason), row.tries, not_before)
