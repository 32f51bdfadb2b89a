"""Keep what providers were asked to tell of, and that they told of something."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the table, and columns for hints: nobody was told of anything yet, and none rests."""
    op.add_column("streams", sa.Column("hinted_at", Moment))
    op.add_column("streams", sa.Column("rests_until", Moment))
    op.create_table(
        "watches",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("channel", WORD, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("address", WORD, nullable=False),
        sa.Column("remote_id", WORD, nullable=False),
        sa.Column("resource_id", sa.Text, nullable=False),
        sa.Column("secret_digest", sa.LargeBinary, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("expires_at", Moment),
        sa.Column("next_at", Moment, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("is_ending", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "channel", name="pk_watches"),
    )
    op.create_index("ix_watches_remote_id", "watches", ["channel", "remote_id"])
    op.create_index("ix_watches_address", "watches", ["channel", "address"])
    op.create_index("ix_watches_next_at", "watches", ["next_at"])


def downgrade() -> None:
    """Drop them; what providers still tell of ends by itself within days."""
    op.drop_table("watches")
    op.drop_column("streams", "rests_until")
    op.drop_column("streams", "hinted_at")
