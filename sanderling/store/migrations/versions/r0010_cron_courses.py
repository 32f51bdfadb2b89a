"""Keep how far cron triggers have come."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cron_courses",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("trigger_id", WORD, nullable=False),
        sa.Column("seen_until", Moment, nullable=False),
        sa.Column("next_due_at", Moment),
        sa.Column("pending", sa.Text, nullable=False),
        sa.Column("decided_at", Moment),
        sa.Column("last_tick_at", Moment),
        sa.Column("last_execution_id", WORD),
        sa.Column("missed", sa.BigInteger, nullable=False),
        sa.Column("overlapped", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "trigger_id", name="pk_cron_courses"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "trigger_id"],
            ["triggers.workspace_id", "triggers.id"],
            name="fk_cron_courses_triggers",
            ondelete="CASCADE",
        ),
    )
    is_due = sa.text("next_due_at IS NOT NULL")
    op.create_index(
        "ix_cron_courses_next_due_at",
        "cron_courses",
        ["next_due_at"],
        sqlite_where=is_due,
        postgresql_where=is_due,
    )


def downgrade() -> None:
    """Drop the table and what it holds, and the triggers that nobody could read any more."""
    op.drop_table("cron_courses")
    op.execute(sa.text("DELETE FROM triggers WHERE kind = 'cron'"))
