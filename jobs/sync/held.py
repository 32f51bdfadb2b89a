"""What is kept of folders and messages, and what one transaction changes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from jobs.sync.items import Address, Event, Message
from sanderling.kernel.events import RecordChanged


class Stage(StrEnum):
    """How far a folder or a calendar is."""

    NEW = "new"
    """Its scan is to begin."""
    FULL = "full"
    """It is being scanned; `base` is where changes begin that the scan may miss."""
    INCR = "incr"
    """All of it was seen; `cursor` is where the next changes begin."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the stream of one folder or calendar is.

    `page` is the checkpoint within a scan or a long list of changes. Before the end of a scan
    `cursor` is the one that expired: what is kept was followed up to it, so that the scan has
    nothing to tell of a message of the same version. Without it everything is looked at anew, as
    an owner asks who has chosen something else. `generation` counts scans:
    what a finished one has not seen is gone. `is_confirming` marks a scan that was begun because
    the one before would have removed most of what there is. `round` is the last round in which
    the stream was followed to its end.
    """

    remote_id: str
    stage: Stage = Stage.NEW
    cursor: str | None = None
    page: str | None = None
    base: str | None = None
    generation: int = 0
    is_confirming: bool = False
    round: int = 0


class Presence(StrEnum):
    """Whether a message is seen by people, and why not."""

    LIVE = "live"
    HIDDEN = "hidden"
    """It is in a folder that is left out, such as the bin."""
    EXCLUDED = "excluded"
    """A rule leaves it out for what it is or whom it is from."""
    GONE = "gone"
    """The provider has it no more; the row stays as a tombstone."""


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """What decisions need to know of a kept message; its content stays in the store.

    `revision` counts the changes that were announced, so that each has an id of its own.
    """

    record_id: str
    remote_id: str
    thread_id: str
    version: str
    folders: frozenset[str]
    is_read: bool
    presence: Presence
    generation: int
    revision: int


@dataclass(frozen=True, slots=True)
class Written:
    """A message with its content, to be kept whole."""

    held: HeldMessage
    message: Message
    is_outgoing: bool


class Reason(StrEnum):
    """Why a message is to be fetched."""

    NEW = "new"
    REFRESH = "refresh"
    CONFIRM = "confirm"
    """It left its folder, and may be in another one or nowhere."""
    DOUBTED = "doubted"
    """It was not found where it had just been told of; only when that comes again is it gone."""


@dataclass(frozen=True, slots=True)
class Want:
    """A message to fetch, kept until the transaction that stores what came of it."""

    remote_id: str
    thread_id: str
    reason: Reason
    tries: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who became a contact, and when that was found."""

    address: Address
    found_at: datetime


@dataclass(frozen=True, slots=True)
class MailBatch:
    """All that one transaction changes of an account's mail.

    `written` come with content; of `moved` only what is in `HeldMessage` changes, and content goes
    with those that are not live any more. `wanted` replaces what is wanted of the same message;
    `done` is wanted no more, `arrived` only no more for confirmation. `places` are kept and those
    of `closed` forgotten. `events` and `contacts` that are known already stay as they are.
    """

    written: tuple[Written, ...] = ()
    moved: tuple[HeldMessage, ...] = ()
    wanted: tuple[Want, ...] = ()
    done: frozenset[str] = frozenset()
    arrived: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()
    closed: frozenset[str] = frozenset()
    events: tuple[RecordChanged, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """A kept event of a calendar; one that is gone stays as a tombstone."""

    record_id: str
    calendar_id: str
    event: Event
    is_gone: bool
    generation: int
    revision: int


@dataclass(frozen=True, slots=True)
class CalendarBatch:
    """All that one transaction changes of an account's calendars."""

    written: tuple[HeldEvent, ...] = ()
    places: tuple[Place, ...] = ()
    closed: frozenset[str] = frozenset()
    events: tuple[RecordChanged, ...] = ()
    contacts: tuple[Contact, ...] = ()
