"""What came in, as people see it: messages, events and contacts of a workspace, newest first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from jobs.sync.held import Contact
from jobs.sync.items import Event, Message
from sanderling.kernel.ids import WorkspaceId

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)

Row = TypeVar("Row")

RecordPlace = tuple[datetime, str]
"""Where a record stands in its list: its moment, then its id or, of a contact, its address."""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message that people see, as it is now."""

    id: str
    account_id: str
    is_outgoing: bool
    message: Message

    @property
    def place(self) -> RecordPlace:
        """Where it stands: by when it was received, else by when it was sent."""
        return dated_at(self.message), self.id


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event of a calendar that is not gone."""

    id: str
    account_id: str
    calendar_id: str
    event: Event

    @property
    def place(self) -> RecordPlace:
        """Where it stands: by when it starts."""
        return starts_at(self.event), self.id


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """Somebody who became a contact of a workspace, first through this account."""

    account_id: str
    contact: Contact

    @property
    def place(self) -> RecordPlace:
        """Where it stands: by when it was found."""
        return self.contact.found_at, self.contact.address.email


@dataclass(frozen=True, slots=True)
class RecordPage(Generic[Row]):
    """Some records, and where the next page begins; None at the end."""

    rows: tuple[Row, ...]
    next_place: RecordPlace | None = None


class SyncRecords(Protocol):
    """Show what came in, within one workspace.

    Lists are by moment, newest first, and begin after the place that an earlier page ended with.
    `account_id` leaves out what other accounts brought. When the database is away every method
    raises `StoreUnavailableError`.
    """

    async def messages(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[MessageRecord]:
        """Return messages that people see."""
        ...

    async def message(self, workspace_id: WorkspaceId, message_id: str) -> MessageRecord | None:
        """Return one message that people see; None where the workspace has no such."""
        ...

    async def events(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[EventRecord]:
        """Return events that are not gone."""
        ...

    async def contacts(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: RecordPlace | None = None,
        account_id: str | None = None,
    ) -> RecordPage[ContactRecord]:
        """Return contacts, each with the account that brought it first."""
        ...


def dated_at(message: Message) -> datetime:
    """Return the moment that a message is listed by; one without any is the oldest."""
    return _within(message.received_at or message.sent_at)


def starts_at(event: Event) -> datetime:
    """Return the moment that an event is listed by; a day begins as it does in UTC."""
    day = event.start.day
    if day is not None:
        return _within(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return _within(event.start.at)


def _within(moment: datetime | None) -> datetime:
    """Return the nearest moment that every database can hold and sort."""
    if moment is None:
        return AT_ONCE
    return min(max(moment, AT_ONCE), _LATEST)
