"""The tables of the worker: how far jobs have come, and what they did."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text

from sanderling.store.columns import WORD, Moment
from sanderling.store.schema import metadata

_RUNNING = text("status = 'running'")
_WAITING = text("status = 'waiting'")

job_courses = Table(
    "job_courses",
    metadata,
    Column("name", WORD, primary_key=True),
    Column("seen_until", Moment, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("asked_at", Moment),
    Column("missed", BigInteger, nullable=False),
    Column("overlapped", BigInteger, nullable=False),
)
"""One row for each job; whoever moves `seen_until` on has emitted the ticks up to there."""

job_runs = Table(
    "job_runs",
    metadata,
    Column("id", WORD, primary_key=True),
    Column("job", WORD, nullable=False),
    Column("scheduled_at", Moment, nullable=False),
    Column("status", WORD, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("worker", WORD),
    Column("lease_until", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("detail", Text, nullable=False),
    Index(None, "job", "scheduled_at", "id"),
    Index(
        "uq_job_runs_running", "job", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING
    ),
    Index(
        "ix_job_runs_waiting",
        "job",
        "scheduled_at",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    Index(None, "finished_at"),
)
"""The one unique index lets no two runs of a job be under way, whoever claims them."""

worker_heartbeats = Table(
    "worker_heartbeats",
    metadata,
    Column("process_id", WORD, primary_key=True),
    Column("kind", WORD, nullable=False),
    Column("host", WORD, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("jobs", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
"""One row for each process that runs jobs; whoever dies without a word is reaped by the others."""
