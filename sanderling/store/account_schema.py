"""The tables of connected accounts."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, false

from sanderling.store.columns import WORD, Moment
from sanderling.store.schema import metadata

connected_accounts = Table(
    "connected_accounts",
    metadata,
    Column("id", WORD, primary_key=True),
    Column("workspace_id", WORD, nullable=False),
    Column("provider", WORD, nullable=False),
    Column("subject", WORD, nullable=False),
    Column("email", WORD, nullable=False),
    Column("aliases", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("status", WORD, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("policy", Text),
    Index("uq_connected_accounts_owner", "workspace_id", "provider", "subject", unique=True),
    Index("ix_connected_accounts_pages", "workspace_id", "created_at", "id"),
    Index("ix_connected_accounts_email", "workspace_id", "provider", "email"),
)
"""Aliases, scopes and channels have no blanks, and stand with a blank between them.

A policy is JSON; null where nobody chose one.
"""

account_tokens = Table(
    "account_tokens",
    metadata,
    Column(
        "account_id",
        WORD,
        ForeignKey("connected_accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("access", Text, nullable=False),
    Column("refresh", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("renewing_until", Moment),
    Index(None, "expires_at"),
)
"""Access and refresh tokens are sealed."""

account_errands = Table(
    "account_errands",
    metadata,
    Column("state_digest", WORD, primary_key=True),
    Column("verifier", Text, nullable=False),
    Column("provider", WORD, nullable=False),
    Column("workspace_id", WORD, nullable=False),
    Column("channels", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("sends", Boolean, nullable=False, server_default=false()),
    Index(None, "expires_at"),
)
"""The verifier is sealed."""
