"""Keep connected accounts, their sealed tokens, and the errands that lead to them."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    _accounts()
    _tokens()
    _errands()


def _accounts() -> None:
    op.create_table(
        "connected_accounts",
        sa.Column("id", WORD, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("provider", WORD, nullable=False),
        sa.Column("subject", WORD, nullable=False),
        sa.Column("email", WORD, nullable=False),
        sa.Column("aliases", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("channels", sa.Text, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_connected_accounts"),
    )
    op.create_index(
        "uq_connected_accounts_owner",
        "connected_accounts",
        ["workspace_id", "provider", "subject"],
        unique=True,
    )


def _tokens() -> None:
    op.create_table(
        "account_tokens",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("refresh", sa.Text, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("renewing_until", Moment),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_tokens"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["connected_accounts.id"],
            name="fk_account_tokens_connected_accounts",
            ondelete="CASCADE",
        ),
    )


def _errands() -> None:
    op.create_table(
        "account_errands",
        sa.Column("state_digest", WORD, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("provider", WORD, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("channels", sa.Text, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("state_digest", name="pk_account_errands"),
    )
    op.create_index("ix_account_errands_expires_at", "account_errands", ["expires_at"])


def downgrade() -> None:
    """Drop the tables and what they hold."""
    op.drop_table("account_errands")
    op.drop_table("account_tokens")
    op.drop_table("connected_accounts")
