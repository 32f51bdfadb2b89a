"""Keep what each process that runs jobs says of itself."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "worker_heartbeats",
        sa.Column("process_id", WORD, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("host", WORD, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("jobs", sa.Text, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("process_id", name="pk_worker_heartbeats"),
    )


def downgrade() -> None:
    """Drop the table and what it holds."""
    op.drop_table("worker_heartbeats")
