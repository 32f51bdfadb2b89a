"""Keep one stream for each account and channel."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "streams",
        sa.Column("id", WORD, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("phase", WORD, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("next_due_at", Moment, nullable=False),
        sa.Column("lease_owner", WORD),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("asked_at", Moment),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("last_success_at", Moment),
        sa.Column("failure_kind", WORD),
        sa.Column("failure_sentence", sa.Text),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_streams"),
    )
    _indexes()


def _indexes() -> None:
    held = sa.text("lease_until IS NOT NULL")
    waiting = sa.text("lease_until IS NULL AND status = 'active'")
    op.create_index(
        "uq_streams_account_id_channel", "streams", ["account_id", "channel"], unique=True
    )
    op.create_index(
        "uq_streams_held",
        "streams",
        ["account_id"],
        unique=True,
        sqlite_where=held,
        postgresql_where=held,
    )
    op.create_index(
        "ix_streams_held", "streams", ["lease_until"], sqlite_where=held, postgresql_where=held
    )
    op.create_index(
        "ix_streams_waiting",
        "streams",
        ["channel", "phase", "next_due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    """Drop the table and what it holds."""
    op.drop_table("streams")
