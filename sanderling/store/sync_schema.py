"""The tables of what was brought in, and of how far that has come."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    text,
)

from sanderling.store.columns import BODY, EXACT, WORD, Moment
from sanderling.store.schema import metadata

sync_places = Table(
    "sync_places",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("remote_id", EXACT, nullable=False),
    Column("stage", WORD, nullable=False),
    Column("cursor", EXACT),
    Column("page", EXACT),
    Column("base", EXACT),
    Column("generation", BigInteger, nullable=False),
    Column("is_confirming", Boolean, nullable=False),
    Column("round", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "kind", "remote_id"),
)
"""`kind` says whether it is a folder of mail or a calendar."""

messages = Table(
    "messages",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("remote_id", EXACT, nullable=False),
    Column("id", WORD, nullable=False),
    Column("thread_id", EXACT, nullable=False),
    Column("version", EXACT, nullable=False),
    Column("is_read", Boolean, nullable=False),
    Column("presence", WORD, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_id", "remote_id"),
)
"""What decisions need to know, for each message that was ever told of; tombstones stay."""

message_folders = Table(
    "message_folders",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("remote_id", EXACT, nullable=False),
    Column("folder", EXACT, nullable=False),
    PrimaryKeyConstraint("account_id", "remote_id", "folder"),
    ForeignKeyConstraint(
        ["account_id", "remote_id"],
        ["messages.account_id", "messages.remote_id"],
        ondelete="CASCADE",
    ),
    Index(None, "account_id", "folder", "remote_id"),
)
"""The folders or labels that messages are in."""

message_contents = Table(
    "message_contents",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("remote_id", EXACT, nullable=False),
    Column("workspace_id", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("dated_at", Moment, nullable=False),
    Column("is_outgoing", Boolean, nullable=False),
    Column("content", BODY, nullable=False),
    PrimaryKeyConstraint("account_id", "remote_id"),
    ForeignKeyConstraint(
        ["account_id", "remote_id"],
        ["messages.account_id", "messages.remote_id"],
        ondelete="CASCADE",
    ),
    Index(None, "workspace_id", "id"),
    Index(None, "workspace_id", "dated_at", "id"),
    Index(None, "account_id", "dated_at", "id"),
)
"""What people see of a message: there is a row if, and only if, they see it."""

message_wants = Table(
    "message_wants",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("remote_id", EXACT, nullable=False),
    Column("thread_id", EXACT, nullable=False),
    Column("reason", WORD, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    PrimaryKeyConstraint("account_id", "remote_id"),
    Index(None, "account_id", "thread_id", "remote_id"),
)
"""Messages to fetch; those for at once are due since 1970.

The index is the order in which they are fetched. One by due time would be chosen instead of it,
and then all that is due, most of a mailbox at first, would be sorted for each fetch."""

_OF_SERIES = text("recurring_id IS NOT NULL")

calendar_events = Table(
    "calendar_events",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("calendar_id", EXACT, nullable=False),
    Column("remote_id", EXACT, nullable=False),
    Column("workspace_id", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("recurring_id", EXACT),
    Column("is_gone", Boolean, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("content", BODY, nullable=False),
    PrimaryKeyConstraint("account_id", "calendar_id", "remote_id"),
    Index(
        "ix_calendar_events_series",
        *("account_id", "calendar_id", "recurring_id"),
        sqlite_where=_OF_SERIES,
        postgresql_where=_OF_SERIES,
    ),
    Index(None, "workspace_id", "starts_at", "id"),
    Index(None, "account_id", "starts_at", "id"),
)
"""Events of calendars; those that are gone stay as tombstones."""

contacts = Table(
    "contacts",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("email", EXACT, nullable=False),
    Column("name", EXACT, nullable=False),
    Column("account_id", WORD, nullable=False),
    Column("found_at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace_id", "email"),
    Index(None, "workspace_id", "found_at", "email"),
)
"""Who became a contact, and through which account first."""
