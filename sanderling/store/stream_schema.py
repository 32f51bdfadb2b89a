"""The table of streams: one row for each account and channel."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from sanderling.store.columns import WORD, Moment
from sanderling.store.schema import metadata

_HELD = text("lease_until IS NOT NULL")
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
    Column("updated_at", Moment, nullable=False),
    Index("uq_streams_account_id_channel", "account_id", "channel", unique=True),
    Index("uq_streams_held", "account_id", unique=True, sqlite_where=_HELD, postgresql_where=_HELD),
    Index("ix_streams_held", "lease_until", sqlite_where=_HELD, postgresql_where=_HELD),
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
