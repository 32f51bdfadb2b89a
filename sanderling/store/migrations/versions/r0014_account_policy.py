"""Keep what owners of accounts choose."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column; nobody has chosen anything yet."""
    op.add_column("connected_accounts", sa.Column("policy", sa.Text))


def downgrade() -> None:
    """Drop what was chosen."""
    op.drop_column("connected_accounts", "policy")
