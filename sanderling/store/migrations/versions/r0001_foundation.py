"""Make workspaces, functions with their versions, API keys and calls."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import BODY, WORD, Moment

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "workspaces",
        sa.Column("id", WORD, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mark", WORD),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("mark", name="uq_workspaces_mark"),
    )
    _functions()
    _api_keys()
    _calls()


def _functions() -> None:
    op.create_table(
        "functions",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("name", WORD, nullable=False),
        sa.Column("draft", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("live_version", sa.Integer),
        sa.Column("latest_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_functions"),
        sa.UniqueConstraint("workspace_id", "name", name="uq_functions_workspace_id_name"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_functions_workspaces"
        ),
    )
    op.create_table(
        "function_versions",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("function_id", WORD, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("digest", WORD, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("published_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "function_id", "number", name="pk_function_versions"
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "function_id",
            "digest",
            name="uq_function_versions_workspace_id_function_id_digest",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "function_id"],
            ["functions.workspace_id", "functions.id"],
            name="fk_function_versions_functions",
            ondelete="CASCADE",
        ),
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", WORD, nullable=False),
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", WORD, nullable=False),
        sa.Column("is_server_admin", sa.Boolean, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment),
        sa.Column("revoked_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_api_keys_workspaces"),
    )
    op.create_index(
        "ix_api_keys_workspace_id_created_at_id", "api_keys", ["workspace_id", "created_at", "id"]
    )


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("function_id", WORD, nullable=False),
        sa.Column("function_name", WORD, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("digest", WORD, nullable=False),
        sa.Column("trigger", WORD, nullable=False),
        sa.Column("key_id", WORD),
        sa.Column("request_id", WORD, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("outcome", WORD, nullable=False),
        sa.Column("duration_s", sa.Float(53), nullable=False),
        sa.Column("cpu_s", sa.Float(53)),
        sa.Column("memory_bytes", sa.BigInteger),
        sa.Column("retry_after_s", sa.Float(53)),
        sa.Column("walls", sa.Text, nullable=False),
        sa.Column("event", BODY, nullable=False),
        sa.Column("result", BODY),
        sa.Column("details", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_calls"),
    )
    for filtered in ([], ["function_name"]):
        columns = ["workspace_id", *filtered, "started_at", "id"]
        op.create_index(f"ix_calls_{'_'.join(columns)}", "calls", columns)
    failed = sa.text("outcome <> 'ok'")
    op.create_index(
        "ix_calls_failures",
        "calls",
        ["workspace_id", "outcome", "started_at", "id"],
        sqlite_where=failed,
        postgresql_where=failed,
    )


def downgrade() -> None:
    """Drop the tables and what they hold."""
    for table in ("calls", "api_keys", "function_versions", "functions", "workspaces"):
        op.drop_table(table)
