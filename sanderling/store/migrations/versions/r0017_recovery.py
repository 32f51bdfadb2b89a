"""Keep when a parked stream is tried again by itself, and how often it was."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import Moment

revision = "0017"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

_RECOVERING = sa.text("recover_at IS NOT NULL")


def upgrade() -> None:
    """Add both; what is parked already stays so until somebody resumes it."""
    op.add_column(
        "streams", sa.Column("recoveries", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("streams", sa.Column("recover_at", Moment))
    op.create_index(
        "ix_streams_recovering",
        "streams",
        ["recover_at"],
        sqlite_where=_RECOVERING,
        postgresql_where=_RECOVERING,
    )


def downgrade() -> None:
    """Drop both; what waits to be tried again stays parked."""
    op.drop_index("ix_streams_recovering", "streams")
    op.drop_column("streams", "recover_at")
    op.drop_column("streams", "recoveries")
