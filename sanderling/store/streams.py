"""Streams on SQL."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.streams.errors import LeaseLost
from jobs.streams.steps import asked, lost, merged, recovered, switched, unstuck
from jobs.streams.stream import (
    AccountId,
    Channel,
    Lane,
    LaneOutlook,
    Lease,
    Phase,
    Stream,
    StreamClaim,
    StreamFailure,
    StreamId,
    StreamStatus,
)
from jobs.streams.trust import Trust
from sanderling.kernel.ids import WorkspaceId
from sanderling.store import stream_queries as queries
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect, read_all
from sanderling.store.stream_schema import streams

_rows = streams.c
_AT_ONCE = 500
_WRITING, _WRITING_TOGETHER = queries.writing(), queries.writing_together()
_CLAIMING = 0x5A4E_5354_524D
"""The number of the lock under which PostgreSQL lets one process claim after another."""


class SQLStreamStore:
    """Keep streams in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def open(self, new: Sequence[Stream]) -> None:
        """Keep streams that are new."""
        if not new:
            return
        async with self._database.write() as connection:
            await _insert(self._database, connection, new)

    async def of_account(self, account_id: AccountId) -> Sequence[Stream]:
        """Return the streams of an account, by channel."""
        query = select(streams).where(_rows.account_id == account_id).order_by(_rows.channel)
        return await read_all(self._database, query, stream_of)

    async def close(self, account_id: AccountId) -> None:
        """Remove the streams of an account."""
        async with self._database.write() as connection:
            await connection.execute(delete(streams).where(_rows.account_id == account_id))

    async def claim(
        self, lane: Lane, claim: StreamClaim, *, limit: int, trust: Trust = Trust.FULL
    ) -> Sequence[Stream]:
        """Return due streams of a lane, held from now on."""
        async with self._database.write() as connection:
            if not self._database.address.is_sqlite:
                # Two that claim at once could each choose another stream of one account; one
                # after the other sees what the first holds. The index would refuse the second.
                await connection.execute(select(func.pg_advisory_xact_lock(_CLAIMING)))
            chosen = queries.first_due(lane, claim.now, limit, trust)
            ids = (await connection.execute(chosen)).scalars().all()
            # Told apart from choosing, so that no plan chooses again for each row that it changes.
            statement = queries.claiming(ids, claim)
            rows = (await connection.execute(statement)).all() if ids else ()
        return sorted(map(stream_of, rows), key=lambda stream: (stream.next_due_at, stream.id))

    async def renew(self, leases: Sequence[Lease], *, until: datetime) -> frozenset[StreamId]:
        """Lengthen leases, and return which are still held."""
        if not leases:
            return frozenset()
        async with self._database.urgent() as connection:
            kept = frozenset(await _held(connection, leases, queries.lengthening))
            if kept:
                change = update(streams).where(_rows.id.in_(sorted(kept)))
                await connection.execute(change.values(lease_until=until))
            others = [lease for lease in leases if lease.stream_id not in kept]
            return kept | await _still_held(connection, others)

    async def settle(self, ended: Sequence[tuple[Lease, Stream]]) -> frozenset[StreamId]:
        """Write what became of held streams, and return which were."""
        if not ended:
            return frozenset()
        # Not urgent: it waits for what a slice that was stopped is still writing.
        async with self._database.write() as connection:
            kept = await _held(connection, [lease for lease, _ in ended], queries.held)
            after = [
                merged(kept[lease.stream_id], stream)
                for lease, stream in ended
                if lease.stream_id in kept
            ]
            await write_streams(connection, after)
        return frozenset(kept)

    async def heal(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Free streams whose lease ran out, and return them."""
        query = select(_rows.id).where(queries.HELD, _rows.lease_until <= now).limit(1)
        if not await read_all(self._database, query, lambda row: str(row.id)):
            return ()
        async with self._database.write() as connection:
            rows = (await connection.execute(queries.expired(now, limit))).all()
            after = [merged(each, lost(each, now)) for each in map(stream_of, rows)]
            await write_streams(connection, after)
        return after

    async def recover(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Try parked streams once more whose moment has come."""
        return await self._step(queries.ripe(now, limit), lambda stream: recovered(stream, now))

    async def unstick(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Let streams that are stuck be due."""
        return await self._step(queries.stuck(now, limit), lambda stream: unstuck(stream, now))

    async def _step(self, query: AnySelect, step: Callable[[Stream], Stream]) -> Sequence[Stream]:
        async with self._database.write() as connection:
            rows = (await connection.execute(query)).all()
            after = [step(stream_of(row)) for row in rows]
            await write_streams(connection, after)
        return after

    async def switch(
        self, stream_id: StreamId, status: StreamStatus, now: datetime, detail: str = ""
    ) -> bool:
        """Pause, park or let go on."""
        return await self._change(stream_id, lambda stream: switched(stream, status, now, detail))

    async def ask(self, stream_id: StreamId, now: datetime) -> bool:
        """Want a slice out of turn."""
        return await self._change(stream_id, lambda stream: asked(stream, now))

    async def _change(self, stream_id: StreamId, step: Callable[[Stream], Stream]) -> bool:
        async with self._database.write() as connection:
            query = select(streams).where(_rows.id == stream_id).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return False
            await write_streams(connection, [step(stream_of(row))])
        return True

    async def hasten(self, lane: Lane, turn: Callable[[StreamId], datetime], now: datetime) -> int:
        """Let streams that wait for their turn be due by `turn`."""
        late = await read_all(self._database, queries.in_turn(lane, now), _moment)
        sooner = [
            {"row_id": stream_id, "before": before, "after": turn(stream_id)}
            for stream_id, before in late
            if turn(stream_id) < before
        ]
        for start in range(0, len(sooner), _AT_ONCE):
            async with self._database.write() as connection:
                await connection.execute(queries.hastening(), sooner[start : start + _AT_ONCE])
        return len(sooner)

    async def hint(self, account_id: AccountId, channel: Channel, now: datetime) -> int:
        """Let a stream be due of which its provider says that something changed."""
        condition = queries.open_to_hints(account_id, channel, now)
        # Of a flood of hints all but the first only read.
        if not await read_all(
            self._database, select(_rows.id).where(condition), lambda row: str(row.id)
        ):
            return 0
        async with self._database.write() as connection:
            done = await connection.execute(queries.hinting(account_id, channel, now))
        return done.rowcount

    async def outlook(self, lane: Lane, now: datetime) -> LaneOutlook:
        """Return what is ahead in a lane."""
        async with self._database.read() as connection:
            row = (await connection.execute(queries.outlook(lane, now))).one()
        return LaneOutlook(int(row.streams), int(row.due), row.next_due_at)

    async def suspects(self, now: datetime) -> frozenset[tuple[Lane, Trust]]:
        """Return the lanes that have due streams which are not fully trusted."""
        found = await read_all(
            self._database,
            queries.suspects(now),
            lambda row: (
                Lane(Channel(row.channel), Phase(row.phase)),
                Trust.NONE if row.is_alone else Trust.DOUBT,
            ),
        )
        return frozenset(found)

    async def backlog(self, now: datetime) -> Mapping[Lane, int]:
        """Return how many streams of each lane are due and held by nobody."""
        query = (
            select(_rows.channel, _rows.phase, func.count().label("number"))
            .where(queries.due(now))
            .group_by(_rows.channel, _rows.phase)
        )
        found = await read_all(
            self._database,
            query,
            lambda row: (Lane(Channel(row.channel), Phase(row.phase)), int(row.number)),
        )
        return dict(found)


async def require_lease(connection: AsyncConnection, lease: Lease) -> None:
    """Lock the stream's row and go on only if `lease` still holds it.

    Whoever writes what a slice brought calls it first in the same transaction: from then on nobody
    takes the stream over before that transaction ends, and its lease can still be lengthened.

    Raises:
        LeaseLost: somebody else holds it, or nobody does.

    """
    if (await connection.execute(queries.writing_for(lease))).one_or_none() is None:
        raise LeaseLost


async def _held(
    connection: AsyncConnection,
    leases: Sequence[Lease],
    query: Callable[[Sequence[StreamId]], AnySelect],
) -> Mapping[StreamId, Stream]:
    fences = {lease.stream_id: lease.fence for lease in leases}
    rows = (await connection.execute(query(sorted(fences)))).all()
    return {row.id: stream_of(row) for row in rows if row.fence == fences[row.id]}


async def _still_held(connection: AsyncConnection, leases: Sequence[Lease]) -> frozenset[StreamId]:
    """Return which streams are held as last committed, though somebody is changing them.

    Most such changes leave the lease as it is: somebody asks, pauses, or settles here. Whose
    lease is being taken learns of it when it is lengthened next, and can write nothing meanwhile.
    """
    if not leases:
        return frozenset()
    fences = {lease.stream_id: lease.fence for lease in leases}
    query = select(_rows.id, _rows.fence).where(_rows.id.in_(sorted(fences)), queries.HELD)
    rows = (await connection.execute(query)).all()
    return frozenset(StreamId(row.id) for row in rows if row.fence == fences[row.id])


async def begin_streams(
    database: Database, connection: AsyncConnection, new: Sequence[Stream]
) -> None:
    """Keep streams that are new, and let those go on that are there, in another's transaction."""
    if not new:
        return
    await _insert(database, connection, new)
    begins = {each.id: each.next_due_at for each in new}
    query = select(streams).where(_rows.id.in_(sorted(begins))).with_for_update()
    kept = map(stream_of, (await connection.execute(query)).all())
    after = [switched(each, StreamStatus.ACTIVE, begins[each.id]) for each in kept]
    await write_streams(connection, after)


async def _insert(database: Database, connection: AsyncConnection, new: Sequence[Stream]) -> None:
    rows = [{"id": each.id, **_fixed(each), **_row(each)} for each in new]
    await connection.execute(database.insert_missing(streams), rows)


async def write_streams(connection: AsyncConnection, after: Sequence[Stream]) -> None:
    """Write streams that were read in the same transaction."""
    if not after:
        return
    rows = [{"row_id": each.id, **_row(each)} for each in after]
    if connection.dialect.name == "postgresql":
        lists = {name: [row[name] for row in rows] for name in rows[0]}
        await connection.execute(_WRITING_TOGETHER, lists)
    else:
        await connection.execute(_WRITING, rows)


def _fixed(stream: Stream) -> dict[str, object]:
    return {
        "workspace_id": stream.workspace_id,
        "account_id": stream.account_id,
        "channel": stream.channel.value,
    }


def _row(stream: Stream) -> dict[str, object]:
    failure = stream.last_failure
    return {
        "phase": stream.phase.value,
        "status": stream.status.value,
        "next_due_at": stream.next_due_at,
        "lease_owner": stream.lease_owner,
        "lease_until": stream.lease_until,
        "fence": stream.fence,
        "attempts": stream.attempts,
        "failures": stream.failures,
        "asked_at": stream.asked_at,
        "detail": stream.detail,
        "last_success_at": stream.last_success_at,
        "failure_kind": None if failure is None else failure.kind,
        "failure_sentence": None if failure is None else failure.sentence,
        "recoveries": stream.recoveries,
        "recover_at": stream.recover_at,
        "hinted_at": stream.hinted_at,
        "rests_until": stream.rests_until,
        "updated_at": stream.updated_at,
    }


def _moment(row: AnyRow) -> tuple[StreamId, datetime]:
    return StreamId(row.id), row.next_due_at


def stream_of(row: AnyRow) -> Stream:
    """Return the stream that a row holds."""
    kind, sentence = row.failure_kind, row.failure_sentence
    return Stream(
        id=StreamId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        account_id=AccountId(row.account_id),
        channel=Channel(row.channel),
        next_due_at=row.next_due_at,
        updated_at=row.updated_at,
        phase=Phase(row.phase),
        status=StreamStatus(row.status),
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        fence=row.fence,
        attempts=row.attempts,
        failures=row.failures,
        asked_at=row.asked_at,
        detail=row.detail,
        last_success_at=row.last_success_at,
        last_failure=None if kind is None else StreamFailure(kind, sentence or ""),
        recoveries=row.recoveries,
        recover_at=row.recover_at,
        hinted_at=row.hinted_at,
        rests_until=row.rests_until,
    )
