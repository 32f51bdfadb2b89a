"""Keep that a provider told of something new."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import Moment

revision = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column; nobody was told of anything yet."""
    op.add_column("streams", sa.Column("hinted_at", Moment))


def downgrade() -> None:
    """Drop it; what was hinted at is found in its turn."""
    op.drop_column("streams", "hinted_at")
