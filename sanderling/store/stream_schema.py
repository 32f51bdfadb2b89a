"""The table of streams, one row for each account and channel, and that of their slices."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from sanderling.store.columns import WORD, Moment
from sanderling.store.schema import metadata

_HELD = text("lease_until IS NOT NULL")
_RECOVERING = text("recover_at IS NOT NULL")
_WAITING = text("lease_until IS NULL AND status = 'active'")

streams = Table(
    "streams",
    metadata,
    Column("id", WORD, primary_key=True),
    Column("workspace_id", WORD, nullable=False),
    Column("account_id", WORD, nullable=False),
    Column("channel", WORD, nullable=False),
    Column("phase", WORD, nullable=False),
    Column("status", WORD, nullable=False),
    Column("next_due_at", Moment, nullable=False),
    Column("lease_owner", WORD),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("asked_at", Moment),
    Column("detail", Text, nullable=False),
    Column("last_success_at", Moment),
    Column("failure_kind", WORD),
    Column("failure_sentence", Text),
    Column("recoveries", Integer, nullable=False, server_default="0"),
    Column("recover_at", Moment),
    Column("hinted_at", Moment),
    Column("rests_until", Moment),
    Column("updated_at", Moment, nullable=False),
    Index("uq_streams_account_id_channel", "account_id", "channel", unique=True),
    Index("uq_streams_held", "account_id", unique=True, sqlite_where=_HELD, postgresql_where=_HELD),
    Index("ix_streams_held", "lease_until", sqlite_where=_HELD, postgresql_where=_HELD),
    Index(
        "ix_streams_recovering",
        "recover_at",
        sqlite_where=_RECOVERING,
        postgresql_where=_RECOVERING,
    ),
    Index(
        "ix_streams_waiting",
        "channel",
        "phase",
        "next_due_at",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
)
"""The unique index on what is held lets no two streams of an account be worked on at once."""

sync_slices = Table(
    "sync_slices",
    metadata,
    Column("stream_id", WORD, ForeignKey("streams.id", ondelete="CASCADE"), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("phase", WORD, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("failure_kind", WORD),
    PrimaryKeyConstraint("stream_id", "fence"),
    Index("ix_sync_slices_ended_at", "ended_at"),
)
"""A claim is good for one slice, so its fence tells slices of a stream apart, and their order."""
