"""What came in, as people see it, on SQL."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, false, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.sync.held import Contact
from jobs.sync.items import Address
from jobs.sync.records import ContactRecord, EventRecord, MessageRecord, RecordPage, RecordPlace
from sanderling.kernel.ids import WorkspaceId
from sanderling.store.columns import EXACT, Moment, is_storable
from sanderling.store.content import event_from, message_from
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect, portions
from sanderling.store.sync_schema import (
    calendar_events,
    contacts,
    message_contents,
    message_folders,
    messages,
)

_content = message_contents.c
_folder = message_folders.c
_event = calendar_events.c
_contact = contacts.c

Record = TypeVar("Record", MessageRecord, EventRecord, ContactRecord)


class SQLSyncRecords:
    """Show what is kept in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def messages(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[MessageRecord]:
        """Return messages that people see."""
        place = (_content.dated_at, _content.id)
        listing = _listing(_seen_in(workspace_id), place, after, limit)
        if not is_storable(account_id or ""):
            return RecordPage(())
        async with self._database.read() as connection:
            mine = _of(_content.account_id, account_id)
            rows = (await connection.execute(listing.where(*mine))).all()
            folders = await _folders(connection, rows)
        found = [_message(row, folders[row.account_id, row.remote_id]) for row in rows]
        return _page(found, limit)

    async def message(self, workspace_id: WorkspaceId, message_id: str) -> MessageRecord | None:
        """Return one message that people see."""
        if not is_storable(message_id):
            return None
        query = _seen_in(workspace_id).where(_content.id == message_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
            folders = await _folders(connection, [] if row is None else [row])
        return None if row is None else _message(row, folders[row.account_id, row.remote_id])

    async def events(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[EventRecord]:
        """Return events that are not gone."""
        query = select(calendar_events).where(
            _event.workspace_id == workspace_id, _event.is_gone == false()
        )
        listing = _listing(query, (_event.starts_at, _event.id), after, limit)
        if not is_storable(account_id or ""):
            return RecordPage(())
        return await self._read(listing.where(*_of(_event.account_id, account_id)), _held, limit)

    async def contacts(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[ContactRecord]:
        """Return contacts, each with the account that brought it first."""
        query = select(contacts).where(_contact.workspace_id == workspace_id)
        listing = _listing(query, (_contact.found_at, _contact.email), after, limit)
        if not is_storable(account_id or ""):
            return RecordPage(())
        mine = _of(_contact.account_id, account_id)
        return await self._read(listing.where(*mine), _somebody, limit)

    async def _read(
        self, query: AnySelect, build: Callable[[AnyRow], Record], limit: int
    ) -> RecordPage[Record]:
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return _page(list(map(build, rows)), limit)


def _seen_in(workspace_id: WorkspaceId) -> AnySelect:
    """Return the query for every message that people of a workspace see."""
    is_same = and_(
        messages.c.account_id == _content.account_id,
        messages.c.remote_id == _content.remote_id,
    )
    query = select(message_contents, messages.c.is_read).join(messages, is_same)
    return query.where(_content.workspace_id == workspace_id)


def _listing(
    query: AnySelect,
    place: tuple[ColumnElement[datetime], ColumnElement[str]],
    after: RecordPlace | None,
    limit: int,
) -> AnySelect:
    """Return the query for one row more than a page has, newest first."""
    moment, row_id = place
    if after is not None:
        # Whoever asks may make up a place, with an id that no row could have.
        place_after = tuple_(literal(after[0], Moment()), literal(after[1], EXACT))
        query = query.where(tuple_(moment, row_id) < place_after)
    return query.order_by(moment.desc(), row_id.desc()).limit(limit + 1)


def _of(column: ColumnElement[str], account_id: str | None) -> Sequence[ColumnElement[bool]]:
    return [] if account_id is None else [column == account_id]


def _page(found: Sequence[Record], limit: int) -> RecordPage[Record]:
    rows = tuple(found[:limit])
    return RecordPage(rows, rows[-1].place if rows and len(found) > limit else None)


async def _folders(
    connection: AsyncConnection, rows: Sequence[AnyRow]
) -> defaultdict[tuple[str, str], frozenset[str]]:
    found: defaultdict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    places = [(row.account_id, row.remote_id) for row in rows]
    for some in portions(places):
        query = select(message_folders)
        mine = query.where(tuple_(_folder.account_id, _folder.remote_id).in_(some))
        for row in await connection.execute(mine):
            found[row.account_id, row.remote_id] |= {row.folder}
    return found


def _message(row: AnyRow, folders: frozenset[str]) -> MessageRecord:
    message = message_from(row.content, folders=folders, is_read=row.is_read)
    return MessageRecord(row.id, row.account_id, row.is_outgoing, message)


def _held(row: AnyRow) -> EventRecord:
    return EventRecord(row.id, row.account_id, row.calendar_id, event_from(row.content))


def _somebody(row: AnyRow) -> ContactRecord:
    return ContactRecord(row.account_id, Contact(Address(row.name, row.email), row.found_at))
