"""What every store of streams promises of those that were lost with their workers."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from jobs.streams.memory import MemoryStreamStore
from jobs.streams.ports import StreamStore
from jobs.streams.steps import MOST_ATTEMPTS
from jobs.streams.stream import AccountId, Channel, Lane, Phase, Stream, StreamStatus
from jobs.streams.trust import DOUBTED_AFTER, Trust, trust_of
from sanderling.store import SQLStreamStore, open_database
from support.records import START
from support.streams import LEASE, LISTING, a_claim, a_stream

SECOND = timedelta(seconds=1)
CALENDAR = Lane(Channel.GOOGLE_CALENDAR, Phase.LIST)
TRUST = (Trust.FULL, Trust.FULL, Trust.DOUBT, Trust.NONE, Trust.NONE)
"""How far a stream is trusted, by how often in a row it was lost with its worker."""


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[StreamStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryStreamStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLStreamStore(database)


async def kept(store: StreamStore) -> Stream:
    """Return the first stream of the account as the store has it."""
    return (await store.of_account(AccountId("a")))[0]


async def test_suspects_of_a_busy_account_are_not_told_of(store: StreamStore) -> None:
    """Nobody stops other work for a stream that could not be claimed all the same."""
    await store.open([a_stream(), a_stream(channel=Channel.GOOGLE_CALENDAR)])
    now = START
    for _ in range(DOUBTED_AFTER):
        await store.claim(LISTING, a_claim(now), limit=1)
        now += LEASE
        await store.heal(now, limit=1)

    before = await store.suspects(now)
    [calendar] = await store.claim(CALENDAR, a_claim(now), limit=1)
    meanwhile = await store.suspects(now)

    assert calendar.account_id == "a"
    assert before == {(LISTING, Trust.DOUBT)}
    assert not meanwhile


async def test_what_kills_workers_is_parked(store: StreamStore) -> None:
    """After so many lost workers a stream is left alone, with the reason, until it is resumed."""
    await store.open([a_stream()])
    now = START
    for losses in range(MOST_ATTEMPTS):
        # Nobody but who asks for those that are trusted so far, and no farther, is given it.
        trust = trust_of(await kept(store))
        assert trust is TRUST[losses]
        for other in set(Trust) - {trust}:
            assert not await store.claim(LISTING, a_claim(now), limit=1, trust=other)
        suspects = {(LISTING, other) for other in Trust if other is trust is not Trust.FULL}
        assert await store.suspects(now) == suspects
        assert not await store.suspects(now - SECOND)
        assert len(await store.claim(LISTING, a_claim(now), limit=1, trust=trust)) == 1
        assert not await store.suspects(now)
        now += LEASE
        await store.heal(now, limit=1)

    parked = await kept(store)
    assert parked.status is StreamStatus.PARKED
    assert "lost its worker 5 times" in parked.detail
    assert not await store.claim(LISTING, a_claim(now), limit=1)
    assert await store.switch(parked.id, StreamStatus.ACTIVE, now)
    [again] = await store.claim(LISTING, a_claim(now), limit=1)
    assert (again.attempts, again.is_suspect, again.detail) == (1, False, "")
