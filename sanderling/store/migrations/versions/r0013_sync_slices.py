"""Keep what slices of streams came to."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sync_slices",
        sa.Column("stream_id", WORD, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("phase", WORD, nullable=False),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("failure_kind", WORD),
        sa.PrimaryKeyConstraint("stream_id", "fence", name="pk_sync_slices"),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["streams.id"], name="fk_sync_slices_streams", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_sync_slices_ended_at", "sync_slices", ["ended_at"])


def downgrade() -> None:
    """Drop the table and what it holds."""
    op.drop_table("sync_slices")
