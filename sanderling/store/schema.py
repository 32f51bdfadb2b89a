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
)
"""Nearly all calls are ok, and those that are not are what people look for: their index leaves
the others out, which makes it small and writing cheap. A query that wants it says so in the same
words.

History outlives the functions it tells of, so nothing here refers to another table."""

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
