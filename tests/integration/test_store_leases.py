"""Leases are lengthened beside the work that they are for, however much of it there is."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

from jobs.job import run_id
from jobs.run import Run, RunClaim
from jobs.streams.stream import Stream
from sanderling.store import (
    Database,
    DatabaseLimits,
    SQLJobStore,
    SQLStreamStore,
    open_database,
    require_lease,
)
from sanderling.store import stream_queries as queries
from support.databases import add_workspaces
from support.records import START
from support.streams import a_claim, a_stream

LIMITS = DatabaseLimits(connections=2)
SECOND = timedelta(seconds=1)
UNTIL = START + timedelta(minutes=5)


async def a_held_stream(store: SQLStreamStore, account: str = "acc_1") -> Stream:
    """Return a stream that was claimed."""
    stream = a_stream(account)
    await store.open([stream])
    (held,) = await store.claim(stream.lane, a_claim(), limit=1)
    return held


async def a_run_under_way(jobs: SQLJobStore) -> Run:
    """Return a run of a job that was claimed."""
    await jobs.open_courses(["sweep"], START)
    course = (await jobs.courses())["sweep"]
    waiting = Run(run_id("sweep", START), "sweep", START)
    assert await jobs.emit(course, replace(course, seen_until=START + SECOND), [waiting])
    run = await jobs.claim("sweep", RunClaim("worker-1", START, UNTIL))
    assert run is not None
    return run


async def in_use(stack: AsyncExitStack, database: Database) -> None:
    """Take every connection that work may have."""
    for _ in range(LIMITS.connections):
        await stack.enter_async_context(database.write())


async def test_leases_outlast_work_that_has_every_connection(postgres_url: str) -> None:
    """Streams stay held while no connection is free."""
    async with open_database(postgres_url, LIMITS) as database, AsyncExitStack() as stack:
        await add_workspaces(database)
        store = SQLStreamStore(database)
        stream = a_stream("acc_1")
        await store.open([stream])
        (held,) = await store.claim(stream.lane, a_claim(), limit=1)
        await in_use(stack, database)

        kept = await store.renew([held.lease()], until=UNTIL)

    assert kept == {stream.id}


async def test_leases_are_lengthened_while_a_slice_writes(postgres_url: str) -> None:
    """A batch that takes long makes neither its own stream wait nor a job, and frees nothing."""
    async with open_database(postgres_url, LIMITS) as database:
        await add_workspaces(database)
        store, jobs = SQLStreamStore(database), SQLJobStore(database)
        held, run = await a_held_stream(store), await a_run_under_way(jobs)

        async with database.write() as connection:
            await require_lease(connection, held.lease())
            healed = await store.heal(UNTIL, limit=1)
            kept, is_held = await asyncio.gather(
                store.renew([held.lease()], until=UNTIL), jobs.renew(run, lease_until=UNTIL)
            )
            (lengthened,) = await store.of_account(held.account_id)
            healed_later = await store.heal(UNTIL + SECOND, limit=1)

        assert kept == {held.id}
        assert is_held
        assert lengthened.lease_until == UNTIL
        assert not healed
        assert not healed_later
        assert [each.id for each in await store.heal(UNTIL + SECOND, limit=1)] == [held.id]
        assert await store.renew([held.lease()], until=UNTIL) == frozenset()


async def test_a_stream_that_somebody_is_changing_keeps_no_other_waiting(
    postgres_url: str,
) -> None:
    """It counts as held until the change is there; the others are lengthened."""
    async with open_database(postgres_url, LIMITS) as database:
        await add_workspaces(database)
        store = SQLStreamStore(database)
        changing, other = await a_held_stream(store, "acc_1"), await a_held_stream(store, "acc_2")
        leases = [changing.lease(), other.lease()]

        async with database.write() as connection:
            await connection.execute(queries.held([changing.id]))
            kept = await store.renew(leases, until=UNTIL)
            stale = replace(changing.lease(), fence=changing.fence - 1)
            lost = await store.renew([stale], until=UNTIL)
        (untouched,) = await store.of_account(changing.account_id)
        (lengthened,) = await store.of_account(other.account_id)

    assert kept == {changing.id, other.id}
    assert not lost
    assert (untouched.lease_until, lengthened.lease_until) == (changing.lease_until, UNTIL)


async def test_leases_of_many_are_lengthened_one_after_another(database_url: str) -> None:
    """More renewals at once than connections are all done."""
    async with open_database(database_url, LIMITS) as database:
        await add_workspaces(database)
        store = SQLStreamStore(database)
        streams = [a_stream(f"acc_{number}") for number in range(12)]
        await store.open(streams)
        held = await store.claim(streams[0].lane, a_claim(), limit=12)

        kept = await asyncio.gather(*(store.renew([each.lease()], until=UNTIL) for each in held))

    assert frozenset[str]().union(*kept) == {each.id for each in held}
