"""The tables. What belongs to a workspace carries it, and its keys start with it where they can.

The migrations build exactly these; a test compares the two on both databases.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sanderling.store.columns import BODY, WORD, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", WORD, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mark", WORD, unique=True),
    Column("created_at", Moment, nullable=False),
)
"""`mark` is `default` for the one workspace of single mode and NULL for the others."""

functions = Table(
    "functions",
    metadata,
    Column("workspace_id", WORD, ForeignKey("workspaces.id"), nullable=False),
    Column("id", WORD, nullable=False),
    Column("name", WORD, nullable=False),
    Column("draft", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("live_version", Integer),
    Column("latest_version", Integer, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    UniqueConstraint("workspace_id", "name"),
)

function_versions = Table(
    "function_versions",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("function_id", WORD, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", WORD, nullable=False),
    Column("definition", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace_id", "function_id", "number"),
    UniqueConstraint("workspace_id", "function_id", "digest"),
    ForeignKeyConstraint(
        ["workspace_id", "function_id"],
        ["functions.workspace_id", "functions.id"],
        ondelete="CASCADE",
    ),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", WORD, primary_key=True),
    Column("workspace_id", WORD, ForeignKey("workspaces.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", WORD, nullable=False),
    Column("is_server_admin", Boolean, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Index(None, "workspace_id", "created_at", "id"),
)
"""A key is looked up before its workspace is known, so its id alone is the key here."""

calls = Table(
    "calls",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("function_id", WORD, nullable=False),
    Column("function_name", WORD, nullable=False),
    Column("version", Integer),
    Column("digest", WORD, nullable=False),
    Column("trigger", WORD, nullable=False),
    Column("key_id", WORD),
    Column("request_id", WORD, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("outcome", WORD, nullable=False),
    Column("duration_s", Float(53), nullable=False),
    Column("cpu_s", Float(53)),
    Column("memory_bytes", BigInteger),
    Column("retry_after_s", Float(53)),
    Column("error_type", WORD),
    Column("queued_s", Float(53)),
    Column("execution_id", WORD),
    Column("replay_of", WORD),
    Column("withheld", Text),
    Column("walls", Text, nullable=False),
    Column("event", BODY, nullable=False),
    Column("result", BODY),
    Column("details", Text),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "started_at", "id"),
    Index(None, "workspace_id", "function_name", "started_at", "id"),
    Index(
        "ix_calls_failures",
        *("workspace_id", "outcome", "started_at", "id"),
        sqlite_where=text("outcome <> 'ok'"),
        postgresql_where=text("outcome <> 'ok'"),
    ),
    Index(
        "ix_calls_failed_at",
        *("workspace_id", "started_at", "id"),
        sqlite_where=text("outcome <> 'ok'"),
        postgresql_where=text("outcome <> 'ok'"),
    ),
    Index(
        "ix_calls_execution_id",
        *("workspace_id", "execution_id", "started_at", "id"),
        sqlite_where=text("execution_id IS NOT NULL"),
        postgresql_where=text("execution_id IS NOT NULL"),
    ),
)
"""Nearly all calls are ok, and those that are not are what people look for: their indexes leave
the others out, which makes them small and writing cheap. A query that wants one says so in the
same words. What has no index is looked for among the calls that one of them leads to, newest
first, until a page is full.

`error_type` is made for searching, see `runner.call_filter.error_text`; `details` has the error
as it was.

History outlives the functions it tells of, so nothing here refers to another table."""

triggers = Table(
    "triggers",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("function_id", WORD, nullable=False),
    Column("kind", WORD, nullable=False),
    Column("position", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    ForeignKeyConstraint(
        ["workspace_id", "function_id"],
        ["functions.workspace_id", "functions.id"],
        ondelete="CASCADE",
    ),
    Index(None, "workspace_id", "position"),
)
"""Positions are unique in a workspace by the lock under which they are given, not by an index:
while two triggers change places, one position is there twice."""

cron_courses = Table(
    "cron_courses",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("trigger_id", WORD, nullable=False),
    Column("seen_until", Moment, nullable=False),
    Column("next_due_at", Moment),
    Column("pending", Text, nullable=False),
    Column("decided_at", Moment),
    Column("last_tick_at", Moment),
    Column("last_execution_id", WORD),
    Column("missed", BigInteger, nullable=False),
    Column("overlapped", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False),
    PrimaryKeyConstraint("workspace_id", "trigger_id"),
    ForeignKeyConstraint(
        ["workspace_id", "trigger_id"],
        ["triggers.workspace_id", "triggers.id"],
        ondelete="CASCADE",
    ),
    Index(
        "ix_cron_courses_next_due_at",
        "next_due_at",
        sqlite_where=text("next_due_at IS NOT NULL"),
        postgresql_where=text("next_due_at IS NOT NULL"),
    ),
)
"""One row for each cron trigger. It is written at every tick and apart from its trigger, so that
nobody who changes or lists triggers waits for a tick."""

record_events = Table(
    "record_events",
    metadata,
    Column("workspace_id", WORD, ForeignKey("workspaces.id"), nullable=False),
    Column("id", WORD, nullable=False),
    Column("object", WORD, nullable=False),
    Column("operation", WORD, nullable=False),
    Column("updated_fields", Text, nullable=False),
    Column("event", BODY, nullable=False),
    Column("state", WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("delivered", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("fence", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(
        "ix_record_events_waiting",
        "due_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(None, "created_at"),
)
"""The outbox of record events: whoever changes a record writes its row in the same transaction.
The id is the event's own, so that the same event twice is one row."""

config_revisions = Table(
    "config_revisions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changes", Text, nullable=False),
    Column("body", Text, nullable=False),
)
"""Every body is kept whole: rolling back reads one row, and no row depends on another."""

config_acknowledgements = Table(
    "config_acknowledgements",
    metadata,
    Column("process_id", WORD, primary_key=True),
    Column("kind", WORD, nullable=False),
    Column("host", WORD, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("state", WORD, nullable=False),
    Column("in_force", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
"""One row for each process that runs; whoever dies without a word is reaped by the others."""

_WAITING, _RUNNING, _DEAD = (text(f"status = '{word}'") for word in ("waiting", "running", "dead"))
_RUNNING_LANE = text("status = 'running' AND lane IS NOT NULL")
_DATED = text("status = 'waiting' AND deadline_at IS NOT NULL")

executions = Table(
    "executions",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("id", WORD, nullable=False),
    Column("function_id", WORD, nullable=False),
    Column("function_name", WORD, nullable=False),
    Column("version", Integer),
    Column("trigger", WORD, nullable=False),
    Column("key_id", WORD),
    Column("request_id", WORD, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("deadline_at", Moment),
    Column("timeout_s", Float(53)),
    Column("priority", Integer, nullable=False),
    Column("lane", WORD),
    Column("max_attempts", Integer, nullable=False),
    Column("replay_of", WORD),
    Column("status", WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("lease_until", Moment),
    Column("worker", WORD),
    Column("call_id", WORD),
    Column("outcome", WORD),
    Column("detail", Text, nullable=False),
    Column("is_cancel_asked", Boolean, nullable=False),
    Column("event", BODY, nullable=False),
    Column("answer", BODY),
    PrimaryKeyConstraint("workspace_id", "id"),
    Index(None, "workspace_id", "created_at", "id"),
    Index(None, "workspace_id", "function_name", "created_at", "id"),
    Index(
        "ix_executions_claim",
        *("workspace_id", "priority", "due_at", "id"),
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    Index(
        "ix_executions_due",
        *("workspace_id", "due_at"),
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    Index("ix_executions_lease", "lease_until", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    Index("ix_executions_deadline", "deadline_at", sqlite_where=_DATED, postgresql_where=_DATED),
    Index(
        "uq_executions_lane",
        *("workspace_id", "lane"),
        unique=True,
        sqlite_where=_RUNNING_LANE,
        postgresql_where=_RUNNING_LANE,
    ),
    Index(
        "ix_executions_dead",
        *("workspace_id", "created_at", "id"),
        sqlite_where=_DEAD,
        postgresql_where=_DEAD,
    ),
    Index("ix_executions_finished_at", "finished_at"),
)
"""What waits or runs is a small part of the table, and what is claimed and swept is only that: its
indexes leave the rest out. A query that wants one of them says so in the same words.

The one unique index lets no two executions of a lane run, whoever claims them."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("workspace_id", WORD, nullable=False),
    Column("caller", WORD, nullable=False),
    Column("key", WORD, nullable=False),
    Column("body_digest", WORD, nullable=False),
    Column("execution_id", WORD),
    Column("call_id", WORD),
    Column("answer", BODY),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    PrimaryKeyConstraint("workspace_id", "caller", "key"),
    Index(None, "expires_at"),
    Index(None, "workspace_id", "execution_id"),
)
"""A key stands for an execution, or for a call that was waited for: then `answer` is what it was
told, NULL until it is."""
