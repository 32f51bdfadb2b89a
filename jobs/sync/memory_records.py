"""The twin that shows what stores in memory keep: for embedding, trials and tests."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from jobs.streams.stream import AccountId
from jobs.sync.items import Kind
from jobs.sync.memory_store import MemoryCalendarStore, MemoryMailStore
from jobs.sync.records import ContactRecord, EventRecord, MessageRecord, RecordPage, RecordPlace
from jobs.sync.status import Progress
from sanderling.kernel.ids import WorkspaceId

Record = TypeVar("Record", MessageRecord, EventRecord, ContactRecord)


class MemorySyncRecords:
    """Show what came in, and remove what an account brought."""

    def __init__(
        self,
        mail: MemoryMailStore,
        calendars: MemoryCalendarStore,
        recall: Callable[[AccountId, datetime], None] | None = None,
    ) -> None:
        """Show what these two keep; `recall` takes streams from whoever holds them."""
        self._mail = mail
        self._calendars = calendars
        self._recall = recall

    @classmethod
    def empty(cls) -> "MemorySyncRecords":
        """Show nothing, where nothing comes in."""
        return cls(MemoryMailStore(lambda _: False), MemoryCalendarStore(lambda _: False))

    async def messages(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[MessageRecord]:
        """Return messages that people see."""
        return _page(self._mail.records(workspace_id), limit, after, account_id)

    async def message(self, workspace_id: WorkspaceId, message_id: str) -> MessageRecord | None:
        """Return one message that people see."""
        mine = self._mail.records(workspace_id)
        return next((each for each in mine if each.id == message_id), None)

    async def events(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[EventRecord]:
        """Return events that are not gone."""
        return _page(self._calendars.records(workspace_id), limit, after, account_id)

    async def contacts(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[ContactRecord]:
        """Return contacts, each with the account that brought it first."""
        found: dict[str, ContactRecord] = {}
        for store in (self._mail, self._calendars):
            for each in store.found(workspace_id):
                email = each.contact.address.email
                known = found.setdefault(email, each)
                found[email] = min(known, each, key=lambda record: record.place)
        return _page(found.values(), limit, after, account_id)

    async def progress(self, account_id: AccountId, kind: Kind) -> Progress:
        """Return how much of an account is here."""
        store = self._mail if kind is Kind.MAIL else self._calendars
        return store.progress(account_id)

    async def forget(self, account_id: str, *, limit: int) -> int:
        """Remove some of what an account brought."""
        removed = self._mail.forget(account_id, limit)
        return removed + self._calendars.forget(account_id, limit - removed)

    async def rescan(self, account_id: AccountId, now: datetime) -> None:
        """Have everything of an account scanned anew."""
        if self._recall is not None:
            self._recall(account_id, now)
        self._mail.rescan(account_id)
        self._calendars.rescan(account_id)


def _page(
    records: Iterable[Record], limit: int, after: RecordPlace | None, account_id: str | None
) -> RecordPage[Record]:
    mine = [
        each
        for each in records
        if account_id in {None, each.account_id} and (after is None or each.place < after)
    ]
    mine.sort(key=lambda each: each.place, reverse=True)
    rows = tuple(mine[:limit])
    return RecordPage(rows, rows[-1].place if rows and len(mine) > limit else None)
