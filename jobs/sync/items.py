"""What providers hold: messages, events, folders and calendars, as every provider tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a channel brings."""

    MAIL = "mail"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody's address; `email` in small letters, `name` as it was written."""

    name: str
    email: str


class Role(StrEnum):
    """What somebody is to a message."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    REPLY_TO = "reply_to"


@dataclass(frozen=True, slots=True)
class Participant:
    """One address of a message, in one role."""

    role: Role
    address: Address


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is known of an attachment without fetching it."""

    remote_id: str
    name: str
    media_type: str
    size_bytes: int
    is_inline: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message as its provider tells it now.

    `version` orders the changes of one message; two versions compare as text. `folders` are
    Gmail's labels, or the one folder of Graph. `headers` are the few that rules look at, by name
    in small letters. With `parse_error` the rest may be empty: the message is kept all the same.
    """

    remote_id: str
    thread_id: str
    rfc_message_id: str | None
    version: str
    folders: frozenset[str]
    is_read: bool
    is_draft: bool
    sent_at: datetime | None
    received_at: datetime | None
    subject: str
    participants: tuple[Participant, ...]
    text: str
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, str]
    parse_error: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is: `at` in UTC with the `zone` it was set in, or a whole `day`."""

    at: datetime | None = None
    zone: str | None = None
    day: date | None = None


class Response(StrEnum):
    """What somebody answered to an invitation."""

    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is invited; `email` in small letters."""

    email: str
    name: str
    response: Response
    is_organizer: bool
    is_optional: bool


class EventStatus(StrEnum):
    """Whether an event takes place."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a calendar as its provider tells it now.

    An exception of a series names its master by `recurring_id` and the moment that it stands for
    by `original_start`; a cancelled one is kept, so that the series leaves the moment out.
    `visibility` is the provider's own word, such as `private`.
    """

    remote_id: str
    ical_uid: str
    version: str
    recurring_id: str | None
    original_start: Moment | None
    status: EventStatus
    title: str
    description: str
    location: str
    conference_url: str | None
    start: Moment
    end: Moment
    recurrence: tuple[str, ...] = ()
    attendees: tuple[Attendee, ...] = field(default=())
    visibility: str = "default"


class FolderRole(StrEnum):
    """What a folder is for, whatever it is called."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    SPAM = "spam"
    ARCHIVE = "archive"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder or a label; the engine keeps a cursor of its own for each that `is_synced`."""

    remote_id: str
    name: str
    role: FolderRole
    is_synced: bool


@dataclass(frozen=True, slots=True)
class CalendarRef:
    """A calendar of an account; `is_primary` is the one that everybody has."""

    remote_id: str
    name: str
    is_primary: bool
