"""Let accounts be listed page by page, and found by their address."""

from alembic import op

revision = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None

_TABLE = "connected_accounts"


def upgrade() -> None:
    """Make both indexes."""
    op.create_index("ix_connected_accounts_pages", _TABLE, ["workspace_id", "created_at", "id"])
    op.create_index("ix_connected_accounts_email", _TABLE, ["workspace_id", "provider", "email"])


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_connected_accounts_email", _TABLE)
    op.drop_index("ix_connected_accounts_pages", _TABLE)
