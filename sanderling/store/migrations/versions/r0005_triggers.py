"""Keep triggers, and the record events that wait for them."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import BODY, WORD, Moment

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "triggers",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("function_id", WORD, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_triggers"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "function_id"],
            ["functions.workspace_id", "functions.id"],
            name="fk_triggers_functions",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_triggers_workspace_id_position", "triggers", ["workspace_id", "position"])
    _record_events()


def _record_events() -> None:
    op.create_table(
        "record_events",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("object", WORD, nullable=False),
        sa.Column("operation", WORD, nullable=False),
        sa.Column("updated_fields", sa.Text, nullable=False),
        sa.Column("event", BODY, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered", sa.Text, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("lease_until", Moment),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_record_events"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_record_events_workspaces"
        ),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_record_events_waiting",
        "record_events",
        ["due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_record_events_created_at", "record_events", ["created_at"])


def downgrade() -> None:
    """Drop the tables and what they hold."""
    for table in ("record_events", "triggers"):
        op.drop_table(table)
