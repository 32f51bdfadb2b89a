"""Count failures in a row of each stream."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Begin at none."""
    column = sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0"))
    op.add_column("streams", column)


def downgrade() -> None:
    """Forget them."""
    op.drop_column("streams", "failures")
