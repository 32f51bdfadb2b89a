"""Keep more of each call: words to search errors by, its wait, what it belongs to."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import WORD

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_FAILED = sa.text("outcome <> 'ok'")
_HAS_EXECUTION = sa.text("execution_id IS NOT NULL")


def upgrade() -> None:
    """Add the columns, empty for calls that were kept before, and two partial indexes."""
    for column in (
        sa.Column("error_type", WORD),
        sa.Column("queued_s", sa.Float(53)),
        sa.Column("execution_id", WORD),
        sa.Column("replay_of", WORD),
        sa.Column("withheld", sa.Text),
    ):
        op.add_column("calls", column)
    op.create_index(
        "ix_calls_failed_at",
        "calls",
        ["workspace_id", "started_at", "id"],
        sqlite_where=_FAILED,
        postgresql_where=_FAILED,
    )
    op.create_index(
        "ix_calls_execution_id",
        "calls",
        ["workspace_id", "execution_id", "started_at", "id"],
        sqlite_where=_HAS_EXECUTION,
        postgresql_where=_HAS_EXECUTION,
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("ix_calls_execution_id", "ix_calls_failed_at"):
        op.drop_index(name, "calls")
    for name in ("withheld", "replay_of", "execution_id", "queued_s", "error_type"):
        op.drop_column("calls", name)
