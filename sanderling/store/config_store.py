"""The stored configuration on SQL."""

from sqlalchemy import ColumnElement, delete, select

from config.acknowledgement import (
    Acknowledgement,
    AcknowledgementState,
    ProcessLabel,
    SeenAcknowledgement,
)
from config.errors import HeadMoved
from config.stored import NOTHING_STORED, HistoryEntry, StoredBody
from sanderling.kernel.clock import Clock, SystemClock
from sanderling.store.columns import is_storable, storable
from sanderling.store.config_revisions import (
    HEAD,
    append_after_head,
    history_entry,
    replace_same,
    stored_body,
)
from sanderling.store.database import Database
from sanderling.store.now import now_of
from sanderling.store.rows import AnyRow, read_all, read_one
from sanderling.store.schema import config_acknowledgements, config_revisions

_MOST = 2**63 - 1


class SQLConfigStore:
    """Keep revisions and acknowledgements in the database.

    On PostgreSQL its clock stamps acknowledgements and measures their age. On SQLite, which has
    none of its own, the machine's does: whoever shares the file shares the machine.
    """

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._clock = clock or SystemClock()

    async def read_head(self) -> int:
        """Return the newest revision, 0 before the first."""
        async with self._database.read() as connection:
            head: int = (await connection.execute(HEAD)).scalar_one()
        return head

    async def read_body(self) -> StoredBody:
        """Return the body of the newest revision, the empty one before the first."""
        newest = (
            select(config_revisions.c.number, config_revisions.c.body)
            .order_by(config_revisions.c.number.desc())
            .limit(1)
        )
        return await read_one(self._database, newest, stored_body) or StoredBody()

    async def find_body(self, revision: int) -> StoredBody | None:
        """Return the body of `revision`, None when there is none."""
        if revision == NOTHING_STORED:
            return StoredBody()
        if not NOTHING_STORED < revision <= _MOST:
            return None
        kept = config_revisions.c
        query = select(kept.number, kept.body).where(kept.number == revision)
        return await read_one(self._database, query, stored_body)

    async def append(self, body: StoredBody, entry: HistoryEntry) -> None:
        """Keep the next revision with its entry.

        Raises:
            HeadMoved: its number is not the one after the head.

        """
        is_kept = False
        if NOTHING_STORED < body.revision == entry.revision <= _MOST:
            is_kept = await self._append(body, entry)
        if not is_kept:
            raise HeadMoved(revision=body.revision, head=await self.read_head())

    async def _append(self, body: StoredBody, entry: HistoryEntry) -> bool:
        insert = self._database.insert_missing(config_revisions)
        async with self._database.write() as connection:
            kept = await connection.execute(append_after_head(insert, body, entry))
            return kept.one_or_none() is not None

    async def replace_body(self, old: StoredBody, new: StoredBody) -> bool:
        """Put `new` in the place of `old`; False when `old` is not kept."""
        if not NOTHING_STORED < old.revision == new.revision <= _MOST:
            return False
        async with self._database.write() as connection:
            return (await connection.execute(replace_same(old, new))).rowcount == 1

    async def list_history(
        self, *, limit: int, before: int | None = None
    ) -> tuple[HistoryEntry, ...]:
        """Return at most `limit` entries, newest first."""
        kept = config_revisions.c
        columns = (kept.number, kept.changed_at, kept.changed_by, kept.reason, kept.changes)
        query = select(*columns).order_by(kept.number.desc()).limit(limit)
        if before is not None:
            query = query.where(kept.number < min(before, _MOST))
        return await read_all(self._database, query, history_entry)

    async def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Keep what a process says, in the place of what it said before."""
        process = acknowledgement.process
        row = {
            "process_id": process.id,
            "kind": storable(process.kind),
            "host": storable(process.host),
            "revision": acknowledgement.revision,
            "state": acknowledgement.state.value,
            "in_force": acknowledgement.in_force,
            "why": storable(acknowledgement.why),
            "seen_at": now_of(self._database, self._clock),
        }
        async with self._database.write() as connection:
            await connection.execute(self._database.upsert(config_acknowledgements, row))

    async def list_acknowledgements(self) -> tuple[SeenAcknowledgement, ...]:
        """Return the last word of each process, sorted by kind, host and id."""
        said = config_acknowledgements.c
        query = select(
            config_acknowledgements, now_of(self._database, self._clock).label("asked_at")
        ).order_by(said.kind, said.host, said.process_id)
        return await read_all(self._database, query, _seen)

    async def withdraw(self, process_id: str) -> None:
        """Forget a process that ends; an unknown one is no fault."""
        if is_storable(process_id):
            await self._forget(config_acknowledgements.c.process_id == process_id)

    async def reap(self, *, older_than_s: float) -> int:
        """Forget processes that said nothing for longer than that and return how many."""
        return await self._forget(
            config_acknowledgements.c.seen_at
            < now_of(self._database, self._clock, minus_s=older_than_s)
        )

    async def _forget(self, which: ColumnElement[bool]) -> int:
        async with self._database.write() as connection:
            done = await connection.execute(delete(config_acknowledgements).where(which))
            return done.rowcount


def _seen(row: AnyRow) -> SeenAcknowledgement:
    return SeenAcknowledgement(
        acknowledgement=Acknowledgement(
            process=ProcessLabel(row.process_id, row.kind, row.host),
            revision=row.revision,
            state=AcknowledgementState(row.state),
            in_force=row.in_force,
            why=row.why,
        ),
        seen_at=row.seen_at,
        # A clock that was set back must not make a process look as if it spoke in the future.
        age_s=max(0.0, (row.asked_at - row.seen_at).total_seconds()),
    )
