"""The table of watches, one row for each channel that a provider tells of, or shall."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from sanderling.store.columns import WORD, Moment
from sanderling.store.schema import metadata

watches = Table(
    "watches",
    metadata,
    Column("account_id", WORD, nullable=False),
    Column("channel", WORD, nullable=False),
    Column("workspace_id", WORD, nullable=False),
    Column("address", WORD, nullable=False),
    Column("remote_id", WORD, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("secret_digest", LargeBinary, nullable=False),
    Column("destination", Text, nullable=False),
    Column("expires_at", Moment),
    Column("next_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("is_ending", Boolean, nullable=False),
    PrimaryKeyConstraint("account_id", "channel"),
    Index("ix_watches_remote_id", "channel", "remote_id"),
    Index("ix_watches_address", "channel", "address"),
    Index("ix_watches_next_at", "next_at"),
)
"""Of the secret that notifications show there is a digest; nothing of a notification is kept."""
