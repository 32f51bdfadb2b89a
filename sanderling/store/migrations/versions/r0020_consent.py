"""Keep whether people are asked to let mail be sent, and find messages by their ids."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column and the index.

    It is false for errands under way, and for those of processes that do not know the column yet.
    """
    op.add_column(
        "account_errands",
        sa.Column("sends", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index(
        "ix_message_contents_workspace_id_id", "message_contents", ["workspace_id", "id"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_message_contents_workspace_id_id", "message_contents")
    op.drop_column("account_errands", "sends")
