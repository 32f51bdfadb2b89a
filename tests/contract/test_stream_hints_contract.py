"""What every store of streams promises of hints: the next turn comes sooner, and nothing else."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.memory import MemoryStreamStore
from jobs.streams.ports import StreamStore
from jobs.streams.steps import broken, lost, settled
from jobs.streams.stream import (
    AccountId,
    Channel,
    Lane,
    Phase,
    SliceResult,
    Stream,
    StreamId,
    StreamStatus,
)
from sanderling.store import SQLStreamStore, open_database
from support.records import START
from support.streams import DONE, LEASE, LISTING, REFUSED, REFUSED_FOR_NOW, a_claim, a_stream

LATER = START + LEASE
FAR = START + LEASE * 9
SECOND = timedelta(seconds=1)
IMPORTING = Lane(Channel.GMAIL, Phase.IMPORT)
NAME = AccountId("a")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[StreamStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryStreamStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLStreamStore(database)


async def kept(store: StreamStore, account: str = "a") -> Stream:
    """Return the first stream of an account as the store has it."""
    return (await store.of_account(AccountId(account)))[0]


async def hint(store: StreamStore, account: str = "a", *, after_s: int = 1) -> int:
    """Tell that something changed, so long after the start."""
    return await store.hint(AccountId(account), Channel.GMAIL, START + SECOND * after_s)


async def test_who_waits_for_a_turn_is_due(store: StreamStore) -> None:
    """Of an account's channels the one that was told of is due, and so is nobody else's."""
    await store.open([a_stream(due_at=FAR), a_stream("b", due_at=FAR)])
    await store.open([a_stream(channel=Channel.GOOGLE_CALENDAR, due_at=FAR)])

    assert await hint(store) == 1

    mail, calendar = await store.of_account(NAME)
    assert (mail.next_due_at, calendar.next_due_at) == (START + SECOND, FAR)
    assert await kept(store, "b") == a_stream("b", due_at=FAR)
    [claimed] = await store.claim(LISTING, a_claim(LATER), limit=9)
    assert (claimed.account_id, claimed.hinted_at) == (NAME, None)


async def test_of_a_flood_the_first_hint_is_written(store: StreamStore) -> None:
    """Hints about a stream that is due, or hinted at while it is held, change nothing."""
    await store.open([a_stream(due_at=FAR)])

    assert [await hint(store, after_s=number) for number in range(1, 9)] == [1, *[0] * 7]
    await store.claim(LISTING, a_claim(LATER), limit=1)
    assert [await hint(store, after_s=30 + number) for number in range(1, 9)] == [1, *[0] * 7]


async def test_a_hint_during_a_listing_is_followed_by_another(store: StreamStore) -> None:
    """What changes behind the back of a slice is looked for again at once, and then in turn."""
    await store.open([a_stream()])
    [claimed] = await store.claim(LISTING, a_claim(), limit=1)
    await hint(store)

    await store.settle([(claimed.lease(), settled(claimed, DONE, LATER, FAR))])

    assert (await kept(store)).next_due_at == START + SECOND
    [again] = await store.claim(LISTING, a_claim(LATER), limit=1)
    await store.settle([(again.lease(), settled(again, DONE, LATER, FAR))])
    assert (await kept(store)).next_due_at == FAR


async def test_an_import_leaves_the_hint_to_the_next_listing(store: StreamStore) -> None:
    """An import does not look for what changed, so that a listing follows on it at once."""
    await store.open([replace(a_stream(), phase=Phase.IMPORT)])
    await hint(store)
    [importing] = await store.claim(IMPORTING, a_claim(LATER), limit=1)

    await store.settle([(importing.lease(), settled(importing, DONE, LATER, FAR))])

    [listing] = await store.claim(LISTING, a_claim(LATER), limit=1)
    assert (importing.hinted_at, listing.hinted_at) == (START + SECOND, None)


async def test_what_rests_for_a_reason_keeps_its_moment(store: StreamStore) -> None:
    """Nobody from outside makes a stream skip its back-off, its pause or its parking."""
    names = ("failed", "broke", "lost", "paused", "parked")
    await store.open([a_stream(name) for name in names])
    held = {each.account_id: each for each in await store.claim(LISTING, a_claim(), limit=9)}
    ends = {
        "failed": settled(held[AccountId("failed")], REFUSED_FOR_NOW, START, FAR),
        "broke": broken(held[AccountId("broke")], "It broke.", START),
        "lost": replace(lost(held[AccountId("lost")], START), fence=1),
        "paused": settled(held[AccountId("paused")], DONE, START, FAR),
        "parked": settled(held[AccountId("parked")], REFUSED, START, FAR),
    }
    await store.settle([(held[AccountId(name)].lease(), end) for name, end in ends.items()])
    await store.switch(a_stream("paused").id, StreamStatus.PAUSED, START)
    before = [await kept(store, name) for name in names]

    assert [await hint(store, name) for name in (*names, "nobody")] == [0] * 6
    assert [await kept(store, name) for name in names] == before


async def test_a_slice_that_failed_backs_off_all_the_same(store: StreamStore) -> None:
    """A hint during a slice that failed, or was parked, neither hurries it nor wakes it."""
    await store.open([a_stream("failed"), a_stream("parked"), a_stream("lost")])
    held = {each.account_id: each for each in await store.claim(LISTING, a_claim(), limit=9)}
    for name in ("failed", "parked", "lost"):
        assert await hint(store, name) == 1

    failed, parked = held[AccountId("failed")], held[AccountId("parked")]
    await store.settle(
        [
            (failed.lease(), settled(failed, REFUSED_FOR_NOW, LATER, FAR)),
            (parked.lease(), settled(parked, REFUSED, LATER, FAR)),
        ]
    )

    assert (await kept(store, "failed")).next_due_at == FAR
    assert (await kept(store, "parked")).status is StreamStatus.PARKED
    [healed] = await store.heal(LATER, limit=9)
    assert (healed.id, healed.next_due_at) == (StreamId("lost.gmail"), LATER)


@pytest.mark.parametrize("phase", list(Phase))
async def test_what_waits_for_quota_is_told_of_in_vain(store: StreamStore, phase: Phase) -> None:
    """However often it is told of, held or waiting, it goes on at the moment that it named."""
    lane, quota_at = Lane(Channel.GMAIL, phase), LATER + LEASE
    await store.open([replace(a_stream(), phase=phase)])
    [held] = await store.claim(lane, a_claim(), limit=1)
    assert await hint(store) == 1

    paced = SliceResult(quota_at, phase, "There is no quota left.")
    await store.settle([(held.lease(), settled(held, paced, LATER, quota_at))])
    assert [await hint(store, after_s=30 + number) for number in range(3)] == [0] * 3

    assert (await kept(store)).next_due_at == quota_at
    assert not await store.hasten(lane, lambda _: START, LATER)
    assert not await store.claim(lane, a_claim(quota_at - SECOND), limit=1)
    [again] = await store.claim(lane, a_claim(quota_at), limit=1)
    # What was told of is looked for once there is quota again, by a listing.
    await store.settle([(again.lease(), settled(again, DONE, quota_at, FAR))])
    due_at = START + SECOND if phase is Phase.IMPORT else FAR
    assert (await kept(store)).next_due_at == due_at


@pytest.mark.parametrize("wish", ["held", "waiting"])
async def test_people_do_not_wait_for_quota(store: StreamStore, wish: str) -> None:
    """Whoever asks is served at once, and from then on hints count again."""
    await store.open([a_stream()])
    [held] = await store.claim(LISTING, a_claim(), limit=1)
    if wish == "held":
        await store.ask(held.id, START)
    paced = SliceResult(FAR, Phase.LIST, "There is no quota left.")
    await store.settle([(held.lease(), settled(held, paced, START, FAR))])
    if wish == "waiting":
        assert (await kept(store)).rests_until == FAR
        await store.ask(held.id, START)

    assert ((await kept(store)).next_due_at, (await kept(store)).rests_until) == (START, None)
    [again] = await store.claim(LISTING, a_claim(LATER), limit=1)
    await store.settle([(again.lease(), settled(again, DONE, LATER, FAR))])
    assert await hint(store, after_s=40) == 1
    assert (await kept(store)).next_due_at == START + SECOND * 40
