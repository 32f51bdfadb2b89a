"""Heartbeats of the processes that run jobs, on SQL."""

import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, select

from config.acknowledgement import ProcessLabel
from jobs.heartbeats import Heartbeat, SeenHeartbeat
from sanderling.kernel.clock import Clock
from sanderling.store.columns import is_storable, storable
from sanderling.store.database import Database
from sanderling.store.job_schema import worker_heartbeats
from sanderling.store.now import now_of
from sanderling.store.rows import AnyRow, read_all

_kept = worker_heartbeats.c


class SQLHeartbeatStore:
    """Keep the last heartbeat of each process in the database.

    On PostgreSQL its clock stamps heartbeats and measures their age, on SQLite the machine's.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._clock = clock

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Keep a heartbeat, in the place of the one before."""
        process = heartbeat.process
        row = {
            "process_id": process.id,
            "kind": storable(process.kind),
            "host": storable(process.host),
            "revision": heartbeat.revision,
            "jobs": json.dumps(heartbeat.jobs),
            "seen_at": now_of(self._database, self._clock),
        }
        async with self._database.write() as connection:
            await connection.execute(self._database.upsert(worker_heartbeats, row))

    async def heartbeats(self) -> Sequence[SeenHeartbeat]:
        """Return the last heartbeat of each process, sorted by kind, host and id."""
        asked_at = now_of(self._database, self._clock).label("asked_at")
        query = select(worker_heartbeats, asked_at).order_by(
            _kept.kind, _kept.host, _kept.process_id
        )
        return await read_all(self._database, query, _seen)

    async def withdraw(self, process_id: str) -> None:
        """Forget a process that ends."""
        if is_storable(process_id):
            await self._forget(_kept.process_id == process_id)

    async def reap(self, *, older_than_s: float) -> int:
        """Forget processes that said nothing for longer than that."""
        oldest = now_of(self._database, self._clock, minus_s=older_than_s)
        return await self._forget(_kept.seen_at < oldest)

    async def _forget(self, which: ColumnElement[bool]) -> int:
        async with self._database.write() as connection:
            return (await connection.execute(delete(worker_heartbeats).where(which))).rowcount


def _seen(row: AnyRow) -> SeenHeartbeat:
    return SeenHeartbeat(
        heartbeat=Heartbeat(
            process=ProcessLabel(row.process_id, row.kind, row.host),
            revision=row.revision,
            jobs=tuple(json.loads(row.jobs)),
        ),
        seen_at=row.seen_at,
        # A clock that was set back must not make a process look as if it spoke in the future.
        age_s=max(0.0, (row.asked_at - row.seen_at).total_seconds()),
    )
