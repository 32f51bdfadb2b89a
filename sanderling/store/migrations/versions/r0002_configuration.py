"""Keep the configuration: its revisions, and what each process says of them."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "config_revisions",
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_config_revisions"),
    )
    op.create_table(
        "config_acknowledgements",
        sa.Column("process_id", WORD, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("host", WORD, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("in_force", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("process_id", name="pk_config_acknowledgements"),
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    for table in ("config_acknowledgements", "config_revisions"):
        op.drop_table(table)
