"""Find the tokens that end soon."""

from alembic import op

revision = "0019"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_account_tokens_expires_at", "account_tokens", ["expires_at"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_account_tokens_expires_at", "account_tokens")
