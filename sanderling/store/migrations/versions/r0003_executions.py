"""Keep calls until they have an outcome, and what callers may ask for twice."""

import sqlalchemy as sa
from alembic import op

from sanderling.store.columns import BODY, WORD, Moment

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables."""
    _executions()
    op.create_table(
        "idempotency_keys",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("caller", WORD, nullable=False),
        sa.Column("key", WORD, nullable=False),
        sa.Column("body_digest", WORD, nullable=False),
        sa.Column("execution_id", WORD),
        sa.Column("call_id", WORD),
        sa.Column("answer", BODY),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "caller", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"])
    op.create_index(
        "ix_idempotency_keys_workspace_id_execution_id",
        "idempotency_keys",
        ["workspace_id", "execution_id"],
    )


def _executions() -> None:
    op.create_table(
        "executions",
        sa.Column("workspace_id", WORD, nullable=False),
        sa.Column("id", WORD, nullable=False),
        sa.Column("function_id", WORD, nullable=False),
        sa.Column("function_name", WORD, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("trigger", WORD, nullable=False),
        sa.Column("key_id", WORD),
        sa.Column("request_id", WORD, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("deadline_at", Moment),
        sa.Column("timeout_s", sa.Float(53)),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("lane", WORD),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("replay_of", WORD),
        sa.Column("status", WORD, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("finished_at", Moment),
        sa.Column("lease_until", Moment),
        sa.Column("worker", WORD),
        sa.Column("call_id", WORD),
        sa.Column("outcome", WORD),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("is_cancel_asked", sa.Boolean, nullable=False),
        sa.Column("event", BODY, nullable=False),
        sa.Column("answer", BODY),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="pk_executions"),
    )
    for filtered in ([], ["function_name"]):
        columns = ["workspace_id", *filtered, "created_at", "id"]
        op.create_index(f"ix_executions_{'_'.join(columns)}", "executions", columns)
    op.create_index("ix_executions_finished_at", "executions", ["finished_at"])
    waiting = "status = 'waiting'"
    _partial("ix_executions_claim", ["workspace_id", "priority", "due_at", "id"], waiting)
    _partial("ix_executions_due", ["workspace_id", "due_at"], waiting)
    _partial("ix_executions_lease", ["lease_until"], "status = 'running'")
    _partial("ix_executions_deadline", ["deadline_at"], f"{waiting} AND deadline_at IS NOT NULL")
    _partial("ix_executions_dead", ["workspace_id", "created_at", "id"], "status = 'dead'")
    running_lane = sa.text("status = 'running' AND lane IS NOT NULL")
    op.create_index(
        "uq_executions_lane",
        "executions",
        ["workspace_id", "lane"],
        unique=True,
        sqlite_where=running_lane,
        postgresql_where=running_lane,
    )


def _partial(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "executions", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop the tables and what they hold."""
    for table in ("idempotency_keys", "executions"):
        op.drop_table(table)
