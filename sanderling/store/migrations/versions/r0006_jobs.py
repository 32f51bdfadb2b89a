"""Keep how far the jobs of the worker have come, and what they did."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD, Moment

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "job_courses",
        sa.Column("name", WORD, nullable=False),
        sa.Column("seen_until", Moment, nullable=False),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        sa.Column("asked_at", Moment),
        sa.Column("missed", sa.BigInteger, nullable=False),
        sa.Column("overlapped", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_courses"),
    )
    op.create_table(
        "job_runs",
        sa.Column("id", WORD, nullable=False),
        sa.Column("job", WORD, nullable=False),
        sa.Column("scheduled_at", Moment, nullable=False),
        sa.Column("status", WORD, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("worker", WORD),
        sa.Column("lease_until", Moment),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
    )
    _indexes()


def _indexes() -> None:
    running, waiting = (sa.text(f"status = '{word}'") for word in ("running", "waiting"))
    op.create_index("ix_job_runs_job_scheduled_at_id", "job_runs", ["job", "scheduled_at", "id"])
    op.create_index("ix_job_runs_finished_at", "job_runs", ["finished_at"])
    op.create_index(
        "uq_job_runs_running",
        "job_runs",
        ["job"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
    op.create_index(
        "ix_job_runs_waiting",
        "job_runs",
        ["job", "scheduled_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    for table in ("job_runs", "job_courses"):
        op.drop_table(table)
