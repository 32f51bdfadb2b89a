"""Keep what was brought in from accounts, and how far that has come."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import BODY, EXACT, WORD, Moment

revision = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    _places()
    _messages()
    _message_folders()
    _message_contents()
    _message_wants()
    _calendar_events()
    _contacts()


def _places() -> None:
    op.create_table(
        "sync_places",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("remote_id", EXACT, nullable=False),
        sa.Column("stage", WORD, nullable=False),
        sa.Column("cursor", EXACT),
        sa.Column("page", EXACT),
        sa.Column("base", EXACT),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("is_confirming", sa.Boolean, nullable=False),
        sa.Column("round", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "remote_id", name="pk_sync_places"),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("remote_id", EXACT, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("thread_id", EXACT, nullable=False),
        sa.Column("version", EXACT, nullable=False),
        sa.Column("is_read", sa.Boolean, nullable=False),
        sa.Column("presence", WORD, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "remote_id", name="pk_messages"),
    )


def _of_message(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id", "remote_id"],
        ["messages.account_id", "messages.remote_id"],
        name=f"fk_{table}_messages",
        ondelete="CASCADE",
    )


def _message_folders() -> None:
    op.create_table(
        "message_folders",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("remote_id", EXACT, nullable=False),
        sa.Column("folder", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "remote_id", "folder", name="pk_message_folders"),
        _of_message("message_folders"),
    )
    _index("message_folders", "account_id", "folder", "remote_id")


def _message_contents() -> None:
    op.create_table(
        "message_contents",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("remote_id", EXACT, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("dated_at", Moment, nullable=False),
        sa.Column("is_outgoing", sa.Boolean, nullable=False),
        sa.Column("content", BODY, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "remote_id", name="pk_message_contents"),
        _of_message("message_contents"),
    )
    _index("message_contents", "workspace_id", "dated_at", "id")
    _index("message_contents", "account_id", "dated_at", "id")


def _message_wants() -> None:
    op.create_table(
        "message_wants",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("remote_id", EXACT, nullable=False),
        sa.Column("thread_id", EXACT, nullable=False),
        sa.Column("reason", WORD, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "remote_id", name="pk_message_wants"),
    )
    _index("message_wants", "account_id", "thread_id", "remote_id")


def _calendar_events() -> None:
    op.create_table(
        "calendar_events",
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("calendar_id", EXACT, nullable=False),
        sa.Column("remote_id", EXACT, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("recurring_id", EXACT),
        sa.Column("is_gone", sa.Boolean, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("content", BODY, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "calendar_id", "remote_id", name="pk_calendar_events"
        ),
    )
    of_series = sa.text("recurring_id IS NOT NULL")
    op.create_index(
        "ix_calendar_events_series",
        "calendar_events",
        ["account_id", "calendar_id", "recurring_id"],
        sqlite_where=of_series,
        postgresql_where=of_series,
    )
    _index("calendar_events", "workspace_id", "starts_at", "id")
    _index("calendar_events", "account_id", "starts_at", "id")


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("email", EXACT, nullable=False),
        sa.Column("name", EXACT, nullable=False),
        sa.Column("account_id", WORD, nullable=False),
        sa.Column("found_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "email", name="pk_contacts"),
    )
    _index("contacts", "workspace_id", "found_at", "email")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def downgrade() -> None:
    """Drop the tables and what they hold."""
    for table in (
        *("contacts", "calendar_events", "message_wants", "message_contents"),
        *("message_folders", "messages", "sync_places"),
    ):
        op.drop_table(table)
