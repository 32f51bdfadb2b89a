"""What came in through connected accounts, as it looks over HTTP."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field

from jobs.sync.items import Address, Attachment, Attendee, Moment, Participant, Role
from jobs.sync.records import ContactRecord, EventRecord, MessageRecord, RecordPage
from jobs.sync.rules import Visibility, is_event_shown, subject_shown, text_shown
from sanderling.api.function_models import Shown
from sanderling.api.record_cursors import CursorKind, record_cursor

RoleWord = Literal["from", "to", "cc", "bcc", "reply_to"]
ResponseWord = Literal["needs_action", "accepted", "declined", "tentative"]
EventWord = Literal["confirmed", "tentative", "cancelled"]

Record = TypeVar("Record", MessageRecord, EventRecord, ContactRecord)

VisibilityOf = Callable[[str], Visibility]
"""How much an account's owner lets others see of what came in, by the account's id."""


class AddressShown(Shown):
    """Somebody's address, with the name as it was written."""

    name: str
    email: str

    @classmethod
    def of(cls, address: Address) -> Self:
        """Return what is shown of an address."""
        return cls(name=_told(address.name), email=_told(address.email))


class ParticipantShown(AddressShown):
    """One address of a message, and what it is to the message."""

    role: RoleWord

    @classmethod
    def taking_part(cls, participant: Participant) -> Self:
        """Return what is shown of a participant."""
        return cls(**dict(AddressShown.of(participant.address)), role=participant.role.value)


class AttachmentShown(Shown):
    """What is known of an attachment; its content stays at the provider."""

    id: Annotated[str, Field(description="The provider's own id.")]
    name: str
    media_type: str
    size_bytes: int
    is_inline: bool

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        """Return what is shown of an attachment."""
        return cls(
            id=_told(attachment.remote_id),
            name=_told(attachment.name),
            media_type=_told(attachment.media_type),
            size_bytes=attachment.size_bytes,
            is_inline=attachment.is_inline,
        )


class MessageRow(Shown):
    """A message as lists show it, without its text."""

    id: str
    account_id: str
    thread_id: Annotated[str, Field(description="The provider's own id of its conversation.")]
    sender: AddressShown | None
    subject: str | None
    sent_at: datetime | None
    received_at: datetime | None
    is_outgoing: Annotated[bool, Field(description="The account's owner wrote it.")]
    is_read: bool
    is_draft: bool
    folders: Annotated[list[str], Field(description="Labels of Gmail, or the folder of Graph.")]
    attachment_count: int

    @classmethod
    def of(cls, record: MessageRecord, visibility: Visibility) -> Self:
        """Return what lists show of a message."""
        return cls(**_row(record, visibility))


class MessageShown(MessageRow):
    """One message with its text, and with what is known of its attachments."""

    rfc_message_id: str | None
    participants: list[ParticipantShown]
    text: str | None
    attachments: list[AttachmentShown]
    parse_error: Annotated[
        str | None, Field(description="Why the rest may be empty: the message is malformed.")
    ]

    @classmethod
    def seen(cls, record: MessageRecord, visibility: Visibility) -> Self:
        """Return what is shown of one message."""
        message = record.message
        return cls(
            **_row(record, visibility),
            rfc_message_id=_told_if(message.rfc_message_id),
            participants=[ParticipantShown.taking_part(each) for each in message.participants],
            text=_told_if(text_shown(message, visibility)),
            attachments=[AttachmentShown.of(each) for each in message.attachments],
            parse_error=_told_if(message.parse_error),
        )


class MessagePage(Shown):
    """Messages, newest first; `next_cursor` continues after them and is null at the end."""

    items: list[MessageRow]
    next_cursor: str | None

    @classmethod
    def of(cls, page: RecordPage[MessageRecord], visibility_of: VisibilityOf) -> Self:
        """Return what is shown of a page."""

        def shown(record: MessageRecord) -> MessageRow:
            return MessageRow.of(record, visibility_of(record.account_id))

        return cls(**_page(page, CursorKind.MESSAGES, shown))


class MomentShown(Shown):
    """When something is: `at` with the `zone` it was set in, or a whole `day`."""

    at: datetime | None
    zone: str | None
    day: date | None

    @classmethod
    def of(cls, moment: Moment) -> Self:
        """Return what is shown of a moment."""
        return cls(at=moment.at, zone=_told_if(moment.zone), day=moment.day)


class AttendeeShown(Shown):
    """Somebody who is invited, and what that one answered."""

    name: str
    email: str
    response: ResponseWord
    is_organizer: bool
    is_optional: bool

    @classmethod
    def of(cls, attendee: Attendee) -> Self:
        """Return what is shown of an attendee."""
        return cls(
            name=_told(attendee.name),
            email=_told(attendee.email),
            response=attendee.response.value,
            is_organizer=attendee.is_organizer,
            is_optional=attendee.is_optional,
        )


class CalendarEventShown(Shown):
    """An event of a calendar; of one that `is_private` only when it is and who takes part."""

    id: str
    account_id: str
    calendar_id: Annotated[str, Field(description="The provider's own id of the calendar.")]
    status: EventWord
    is_private: bool
    title: str | None
    description: str | None
    location: str | None
    conference_url: str | None
    start: MomentShown
    end: MomentShown
    recurrence: Annotated[list[str], Field(description="Lines of RFC 5545, such as `RRULE:…`.")]
    original_start: Annotated[
        MomentShown | None, Field(description="Which moment of its series an exception is for.")
    ]
    attendees: list[AttendeeShown]

    @classmethod
    def of(cls, record: EventRecord, visibility: Visibility) -> Self:
        """Return what is shown of an event."""
        event = record.event
        is_open = is_event_shown(event, visibility)
        original = event.original_start
        return cls(
            id=record.id,
            account_id=record.account_id,
            calendar_id=_told(record.calendar_id),
            status=event.status.value,
            is_private=not is_open,
            title=_told(event.title) if is_open else None,
            description=_told(event.description) if is_open else None,
            location=_told(event.location) if is_open else None,
            conference_url=_told_if(event.conference_url) if is_open else None,
            start=MomentShown.of(event.start),
            end=MomentShown.of(event.end),
            recurrence=[_told(line) for line in event.recurrence],
            original_start=None if original is None else MomentShown.of(original),
            attendees=[AttendeeShown.of(each) for each in event.attendees],
        )


class CalendarEventPage(Shown):
    """Events, the latest start first; `next_cursor` continues and is null at the end."""

    items: list[CalendarEventShown]
    next_cursor: str | None

    @classmethod
    def of(cls, page: RecordPage[EventRecord], visibility_of: VisibilityOf) -> Self:
        """Return what is shown of a page."""

        def shown(record: EventRecord) -> CalendarEventShown:
            return CalendarEventShown.of(record, visibility_of(record.account_id))

        return cls(**_page(page, CursorKind.CALENDAR_EVENTS, shown))


class ContactShown(AddressShown):
    """Somebody who became a contact, and the account that brought that one first."""

    account_id: str
    found_at: datetime

    @classmethod
    def met(cls, record: ContactRecord) -> Self:
        """Return what is shown of a contact."""
        contact = record.contact
        return cls(
            **dict(AddressShown.of(contact.address)),
            account_id=record.account_id,
            found_at=contact.found_at,
        )


class ContactPage(Shown):
    """Contacts, the last found first; `next_cursor` continues and is null at the end."""

    items: list[ContactShown]
    next_cursor: str | None

    @classmethod
    def of(cls, page: RecordPage[ContactRecord]) -> Self:
        """Return what is shown of a page."""
        return cls(**_page(page, CursorKind.CONTACTS, ContactShown.met))


def _page(
    page: RecordPage[Record], kind: CursorKind, shown: Callable[[Record], Shown]
) -> dict[str, Any]:
    cursor = None if page.next_place is None else record_cursor(kind, page.next_place)
    return {"items": [shown(row) for row in page.rows], "next_cursor": cursor}


def _row(record: MessageRecord, visibility: Visibility) -> dict[str, Any]:
    message = record.message
    senders = (each.address for each in message.participants if each.role is Role.FROM)
    sender = next(senders, None)
    return {
        "id": record.id,
        "account_id": record.account_id,
        "thread_id": _told(message.thread_id),
        "sender": None if sender is None else AddressShown.of(sender),
        "subject": _told_if(subject_shown(message, visibility)),
        "sent_at": message.sent_at,
        "received_at": message.received_at,
        "is_outgoing": record.is_outgoing,
        "is_read": message.is_read,
        "is_draft": message.is_draft,
        "folders": sorted(map(_told, message.folders)),
        "attachment_count": len(message.attachments),
    }


def _told(text: str) -> str:
    # Half a surrogate pair has no form in UTF-8, and one would refuse the whole answer.
    return text.encode("utf-8", "replace").decode()


def _told_if(text: str | None) -> str | None:
    return None if text is None else _told(text)
