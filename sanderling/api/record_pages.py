"""What came in, as it is asked for and shown: over HTTP and in process alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.accounts.accounts import Accounts
from jobs.accounts.errors import MessageUnknown
from jobs.sync.records import EventRecord, MessageRecord, RecordPlace, SyncRecords
from jobs.sync.rules import Visibility
from sanderling.api.record_cursors import CursorKind, record_place
from sanderling.api.record_models import (
    CalendarEventPage,
    ContactPage,
    MessagePage,
    MessageShown,
    VisibilityOf,
)
from sanderling.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class AskedRecords:
    """Which part of a list is wanted; `account_id` leaves out what other accounts brought."""

    limit: int
    cursor: str | None = None
    account_id: str | None = None

    def after(self, kind: CursorKind) -> RecordPlace | None:
        """Return the place that the page begins after.

        Raises:
            CursorRefused: the cursor was not made by this list.

        """
        return None if self.cursor is None else record_place(kind, self.cursor)


class RecordPages:
    """Show what came in, within one workspace, as far as each account's owner lets others see it.

    Lists raise `CursorRefused` for a cursor of another list.
    """

    def __init__(self, records: SyncRecords, accounts: Accounts, workspace_id: WorkspaceId) -> None:
        """Show what is in `records` of this workspace, by the policies of `accounts`."""
        self._records = records
        self._accounts = accounts
        self._workspace_id = workspace_id

    async def messages(self, asked: AskedRecords) -> MessagePage:
        """Return messages, newest first, without their texts."""
        found = await self._records.messages(
            self._workspace_id,
            limit=asked.limit,
            after=asked.after(CursorKind.MESSAGES),
            account_id=asked.account_id,
        )
        return MessagePage.of(found, await self._visibility(found.rows))

    async def message(self, message_id: str) -> MessageShown:
        """Return one message with its text.

        Raises:
            MessageUnknown: nobody of the workspace sees such a message.

        """
        found = await self._records.message(self._workspace_id, message_id)
        if found is None:
            raise MessageUnknown(message_id=message_id)
        visibility_of = await self._visibility([found])
        return MessageShown.seen(found, visibility_of(found.account_id))

    async def calendar_events(self, asked: AskedRecords) -> CalendarEventPage:
        """Return events, the latest start first."""
        found = await self._records.events(
            self._workspace_id,
            limit=asked.limit,
            after=asked.after(CursorKind.CALENDAR_EVENTS),
            account_id=asked.account_id,
        )
        return CalendarEventPage.of(found, await self._visibility(found.rows))

    async def contacts(self, asked: AskedRecords) -> ContactPage:
        """Return contacts, the last found first."""
        found = await self._records.contacts(
            self._workspace_id,
            limit=asked.limit,
            after=asked.after(CursorKind.CONTACTS),
            account_id=asked.account_id,
        )
        return ContactPage.of(found)

    async def _visibility(self, rows: Sequence[MessageRecord | EventRecord]) -> VisibilityOf:
        """Return what the owners of the accounts chose that brought these records."""
        ids = frozenset(each.account_id for each in rows)
        chosen = await self._accounts.visibility_of(self._workspace_id, ids)
        # An account that goes just now has nobody left to say that more may be seen.
        return lambda account_id: chosen.get(account_id, Visibility.METADATA)
