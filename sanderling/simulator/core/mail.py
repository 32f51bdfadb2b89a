"""One mail as a provider keeps it, in no provider's words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Genre(StrEnum):
    """What a mail is to its owner; a provider decides in which of its places that belongs."""

    LETTER = "letter"
    SENT = "sent"
    DRAFT = "draft"
    NEWSLETTER = "newsletter"
    PROMOTION = "promotion"
    SOCIAL = "social"
    NOTICE = "notice"
    ARCHIVED = "archived"
    SPAM = "spam"
    TRASHED = "trashed"


@dataclass(frozen=True, slots=True)
class Correspondent:
    """A person or machine with an address."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file in a mail: its bytes follow from its name and size, so that none are kept."""

    name: str
    media_type: str
    size_bytes: int
    is_inline: bool = False

    def content(self) -> bytes:
        """Return the bytes, the same each time."""
        line = f"{self.name} {self.media_type}\n".encode()
        return (line * (self.size_bytes // len(line) + 1))[: self.size_bytes]


@dataclass(frozen=True, slots=True)
class Letter:
    """What was written, before a mailbox has it."""

    sender: Correspondent
    to: tuple[Correspondent, ...]
    subject: str
    text: str
    sent_at: datetime
    rfc_message_id: str
    cc: tuple[Correspondent, ...] = ()
    bcc: tuple[Correspondent, ...] = ()
    reply_to: tuple[Correspondent, ...] = ()
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers, as they stand in the mail."""
    files: tuple[MailFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter in a mailbox."""

    number: int
    """Never used again; providers make their ids of it."""
    thread: int
    """The number of the first mail of its thread."""
    letter: Letter
    places: frozenset[str]
    """Labels where there are labels, exactly one folder where there are folders."""
    is_read: bool
    is_draft: bool
    changed: int
    """The number of its last change in the mailbox's log."""
    content_changed: int
    """The same of the last change of its letter."""
