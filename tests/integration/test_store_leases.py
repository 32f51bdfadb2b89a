"""Leases are lengthened beside the work that they are for, however much of it there is."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from sanderling.store import Database, DatabaseLimits, SQLStreamStore, open_database
from support.databases import add_workspaces
from support.records import START
from support.streams import a_claim, a_stream

LIMITS = DatabaseLimits(connections=2)


async def in_use(stack: AsyncExitStack, database: Database) -> None:
    """Take every connection that work may have."""
    for _ in range(LIMITS.connections):
        await stack.enter_async_context(database.write())


async def test_leases_outlast_work_that_has_every_connection(postgres_url: str) -> None:
    """Streams stay held, and what became of them is written, while no connection is free."""
    async with open_database(postgres_url, LIMITS) as database, AsyncExitStack() as stack:
        await add_workspaces(database)
        store = SQLStreamStore(database)
        stream = a_stream("acc_1")
        await store.open([stream])
        (held,) = await store.claim(stream.lane, a_claim(), limit=1)
        await in_use(stack, database)

        kept = await store.renew([held.lease()], until=START + timedelta(minutes=5))
        ended = await store.settle([(held.lease(), stream)])

    assert kept == ended == {stream.id}


async def test_leases_of_many_are_lengthened_one_after_another(database_url: str) -> None:
    """More renewals at once than connections are all done."""
    async with open_database(database_url, LIMITS) as database:
        await add_workspaces(database)
        store = SQLStreamStore(database)
        streams = [a_stream(f"acc_{number}") for number in range(12)]
        await store.open(streams)
        held = await store.claim(streams[0].lane, a_claim(), limit=12)

        until = START + timedelta(minutes=5)
        kept = await asyncio.gather(*(store.renew([each.lease()], until=until) for each in held))

    assert frozenset[str]().union(*kept) == {each.id for each in held}
