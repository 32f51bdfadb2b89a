"""What every store of streams promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.streams.memory import MemoryStreamStore
from jobs.streams.ports import StreamStore
from jobs.streams.steps import (
    FIRST_RECOVERY,
    LONGEST_LEASE,
    LONGEST_REST,
    broken,
    given_back,
    lost,
    recovered,
    settled,
)
from jobs.streams.stream import (
    AccountId,
    Channel,
    Lane,
    LaneOutlook,
    Phase,
    Stream,
    StreamId,
    StreamStatus,
)
from sanderling.store import SQLStreamStore, open_database
from support.records import START, THERE
from support.streams import (
    DEFECT,
    DONE,
    LEASE,
    LISTING,
    REFUSED,
    REFUSED_FOR_NOW,
    a_claim,
    a_stream,
)

LATER = START + LEASE
SECOND = timedelta(seconds=1)
CALENDAR = Lane(Channel.GOOGLE_CALENDAR, Phase.LIST)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[StreamStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryStreamStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        yield SQLStreamStore(database)


async def held(store: StreamStore, stream: Stream | None = None) -> Stream:
    """Return a stream that somebody claimed."""
    stream = stream or a_stream()
    await store.open([stream])
    [claimed] = await store.claim(stream.lane, a_claim(), limit=1)
    return claimed


async def kept(store: StreamStore, account: str = "a") -> Stream:
    """Return the first stream of an account as the store has it."""
    return (await store.of_account(AccountId(account)))[0]


async def test_a_stream_is_opened_once(store: StreamStore) -> None:
    """A channel of an account that is kept already stays as it is."""
    await store.open([a_stream(), a_stream(channel=Channel.GOOGLE_CALENDAR)])
    again = replace(a_stream(due_at=LATER), id=StreamId("another"))
    await store.open([again, a_stream("b")])
    await store.open([])

    assert await store.of_account(AccountId("a")) == (
        a_stream(),
        a_stream(channel=Channel.GOOGLE_CALENDAR),
    )
    assert await kept(store, "b") == a_stream("b")


async def test_a_claim_holds_what_is_due(store: StreamStore) -> None:
    """A claimed stream has its worker, a fence and a lease; what is not due is left alone."""
    await store.open([a_stream(), a_stream("later", due_at=LATER)])

    [claimed] = await store.claim(LISTING, a_claim(), limit=9)

    assert claimed == replace(
        a_stream(), lease_owner="worker-1", lease_until=LATER, fence=1, attempts=1
    )
    assert await kept(store) == claimed
    assert not await store.claim(LISTING, a_claim(), limit=9)
    assert not await store.claim(Lane(Channel.GMAIL, Phase.IMPORT), a_claim(LATER), limit=9)


async def test_workspaces_take_turns(store: StreamStore) -> None:
    """A workspace with many streams that are long due makes no other wait for all of them."""
    noisy = [a_stream(f"n{number}", due_at=START - SECOND * (9 - number)) for number in range(6)]
    quiet = [a_stream(f"q{number}", workspace_id=THERE) for number in range(2)]
    await store.open([*noisy, *quiet])

    batches = [await store.claim(LISTING, a_claim(), limit=4) for _ in range(2)]

    assert [[stream.account_id for stream in batch] for batch in batches] == [
        ["n0", "n1", "q0", "q1"],
        ["n2", "n3", "n4", "n5"],
    ]


async def test_an_account_has_one_holder(store: StreamStore) -> None:
    """While one stream of an account is held, none of its others is claimed."""
    mail = await held(store)
    await store.open([a_stream(channel=Channel.GOOGLE_CALENDAR)])

    assert not await store.claim(CALENDAR, a_claim(), limit=9)
    assert await store.settle([(mail.lease(), settled(mail, DONE, START, LATER))])
    assert len(await store.claim(CALENDAR, a_claim(), limit=9)) == 1


async def test_of_many_who_claim_each_stream_has_one(store: StreamStore) -> None:
    """Whoever claims at the same moment gets other streams, and other accounts."""
    accounts = [f"a{number}" for number in range(12)]
    await store.open([a_stream(name) for name in accounts])
    await store.open([a_stream(name, channel=Channel.GOOGLE_CALENDAR) for name in accounts])

    batches = await asyncio.gather(
        *(
            store.claim(lane, a_claim(worker=f"worker-{number}"), limit=5)
            for number in range(3)
            for lane in (LISTING, CALENDAR)
        )
    )

    claimed = [stream.account_id for batch in batches for stream in batch]
    assert sorted(claimed) == sorted(accounts)


async def test_a_lease_is_lengthened_by_its_holder_alone(store: StreamStore) -> None:
    """A renewed lease ends later; one under an older fence, or that was settled, is lost."""
    mine, other = await held(store), await held(store, a_stream("b"))
    stale = replace(other.lease(), fence=0)

    assert await store.renew([mine.lease(), stale], until=LATER + LEASE) == {mine.id}
    assert (await kept(store)).lease_until == LATER + LEASE
    assert (await kept(store, "b")).lease_until == LATER
    assert not await store.renew([], until=LATER)
    await store.settle([(mine.lease(), given_back(mine, START, START))])
    assert not await store.renew([mine.lease()], until=LATER)


async def test_what_became_of_a_slice_is_written(store: StreamStore) -> None:
    """A settled stream is free, and has all that the slice came to."""
    mine, other = await held(store), await held(store, a_stream("b"))
    done = settled(mine, replace(DONE, phase=Phase.IMPORT), LATER, LATER + LEASE)
    bad = broken(other, "It broke.", LATER)

    written = await store.settle([(mine.lease(), done), (other.lease(), bad)])

    assert written == {mine.id, other.id}
    assert (await kept(store), await kept(store, "b")) == (done, bad)
    assert done.last_success_at == LATER
    assert not await store.settle([])


async def test_a_stale_fence_writes_nothing(store: StreamStore) -> None:
    """Whoever lost a stream changes nothing any more, in whatever company."""
    mine, other = await held(store), await held(store, a_stream("b"))
    await store.heal(LATER, limit=1)
    lost_one, good = (mine, other) if (await kept(store)).fence == 2 else (other, mine)

    written = await store.settle(
        [(each.lease(), settled(each, DONE, LATER, LATER)) for each in (lost_one, good)]
    )

    assert written == {good.id}
    assert await kept(store, lost_one.account_id) == lost(lost_one, LATER)


async def test_what_people_want_meanwhile_stands(store: StreamStore) -> None:
    """A pause and a wish for a slice are not undone by the slice that is under way."""
    paused, asked = await held(store), await held(store, a_stream("b"))
    assert await store.switch(paused.id, StreamStatus.PAUSED, START)
    assert await store.ask(asked.id, START + SECOND)

    await store.settle(
        [(each.lease(), settled(each, DONE, LATER, LATER + LEASE)) for each in (paused, asked)]
    )

    assert (await kept(store)).status is StreamStatus.PAUSED
    assert (await kept(store, "b")).next_due_at == START + SECOND
    assert [each.id for each in await store.claim(LISTING, a_claim(LATER), limit=9)] == [asked.id]


async def test_a_wish_outlives_the_parking_that_did_not_know_of_it(store: StreamStore) -> None:
    """Who connects an account again while a slice fails for want of consent gets one more."""
    mine, other = await held(store), await held(store, a_stream("b"))
    await store.switch(mine.id, StreamStatus.ACTIVE, START)

    await store.settle(
        [(each.lease(), settled(each, REFUSED, LATER, LATER)) for each in (mine, other)]
    )

    assert (await kept(store)).status is StreamStatus.ACTIVE
    assert (await kept(store, "b")).status is StreamStatus.PARKED


async def test_failures_in_a_row_are_kept(store: StreamStore) -> None:
    """Back-off goes on where another process left it, until somebody lets the stream go on."""
    mine = await held(store)

    await store.settle([(mine.lease(), settled(mine, REFUSED, LATER, LATER))])

    assert (await kept(store)).failures == REFUSED.failures
    assert await store.switch(mine.id, StreamStatus.ACTIVE, LATER)
    assert (await kept(store)).failures == 0


async def test_a_stream_that_is_parked_says_why(store: StreamStore) -> None:
    """What was said last stays when it is paused, and is gone when it goes on."""
    await store.open([a_stream()])

    for status, detail in (
        (StreamStatus.PARKED, "Connect the account again."),
        (StreamStatus.PAUSED, ""),
    ):
        assert await store.switch(a_stream().id, status, LATER, detail)
        assert (await kept(store)).detail == "Connect the account again."
    await store.switch(a_stream().id, StreamStatus.ACTIVE, LATER)
    assert (await kept(store)).detail == ""


async def test_a_stream_whose_worker_died_is_due_again(store: StreamStore) -> None:
    """A lease that ran out is healed once, however many look; one that holds is left alone."""
    mine = await held(store)

    assert not await store.heal(LATER - SECOND, limit=9)
    healed = await asyncio.gather(*(store.heal(LATER, limit=9) for _ in range(3)))

    assert [list(each) for each in healed if each] == [[lost(mine, LATER)]]
    assert await kept(store) == lost(mine, LATER)
    [again] = await store.claim(LISTING, a_claim(LATER), limit=9)
    assert (again.fence, again.attempts, again.is_suspect) == (3, 2, True)


async def test_who_waits_for_a_turn_may_be_due_earlier(store: StreamStore) -> None:
    """A new cadence reaches what waits in its lane, and nothing that rests for another reason."""
    far = LATER + LEASE * 9
    names = ("waits", "soon", "due", "failed", "broke", "paused", "held")
    await store.open([a_stream(name) for name in names])
    claimed = {each.account_id: each for each in await store.claim(LISTING, a_claim(), limit=9)}
    ends = {
        "waits": settled(claimed[AccountId("waits")], DONE, START, far),
        "soon": settled(claimed[AccountId("soon")], DONE, START, LATER),
        "due": settled(claimed[AccountId("due")], DONE, START, START),
        "failed": settled(claimed[AccountId("failed")], REFUSED_FOR_NOW, START, far),
        "broke": replace(broken(claimed[AccountId("broke")], "It broke.", START), next_due_at=far),
        "paused": settled(claimed[AccountId("paused")], DONE, START, far),
    }
    await store.settle([(claimed[AccountId(name)].lease(), end) for name, end in ends.items()])
    await store.switch(a_stream("paused").id, StreamStatus.PAUSED, START)
    await store.open([a_stream("waits", channel=Channel.GOOGLE_CALENDAR, due_at=far)])

    assert await store.hasten(LISTING, lambda _: LATER + SECOND, START) == 1

    moments = {name: (await kept(store, name)).next_due_at for name in names}
    unchanged = {name: end.next_due_at for name, end in ends.items()}
    assert moments == {**unchanged, "held": START, "waits": LATER + SECOND}
    assert (await store.of_account(AccountId("waits")))[1].next_due_at == far


async def test_what_is_ahead_in_a_lane_is_told(store: StreamStore) -> None:
    """Active streams count, and of those that nobody holds what is due and what comes first."""
    assert await store.outlook(LISTING, LATER) == LaneOutlook(0, 0, None)
    await store.open([a_stream("a"), a_stream("b", due_at=START + SECOND)])
    await store.open([a_stream("later", due_at=LATER + SECOND), a_stream("paused")])
    await store.open([a_stream("a", channel=Channel.GOOGLE_CALENDAR)])
    await store.switch(a_stream("paused").id, StreamStatus.PAUSED, START)
    await store.claim(LISTING, a_claim(), limit=1)

    assert await store.outlook(LISTING, LATER) == LaneOutlook(3, 1, START + SECOND)
    assert await store.outlook(CALENDAR, LATER) == LaneOutlook(1, 1, START)


async def test_what_is_not_there_is_not_changed(store: StreamStore) -> None:
    """Nobody switches or asks for a stream that is not there."""
    assert not await store.switch(StreamId("none"), StreamStatus.PAUSED, START)
    assert not await store.ask(StreamId("none"), START)


async def test_a_closed_account_has_no_streams(store: StreamStore) -> None:
    """Who still works on a stream that was removed changes nothing."""
    mine = await held(store)
    await store.open([a_stream("b")])

    await store.close(AccountId("a"))

    assert not await store.settle([(mine.lease(), settled(mine, DONE, START, LATER))])
    assert not await store.of_account(AccountId("a"))
    assert await kept(store, "b") == a_stream("b")


async def test_the_backlog_is_what_is_due_and_free(store: StreamStore) -> None:
    """Streams that are held, paused or not due yet are no backlog."""
    await held(store)
    await store.open([a_stream(name) for name in ("b", "c", "paused")])
    await store.open([a_stream("later", due_at=LATER)])
    await store.open([a_stream("d", channel=Channel.GOOGLE_CALENDAR)])
    await store.switch(a_stream("paused").id, StreamStatus.PAUSED, START)

    assert await store.backlog(START) == {LISTING: 2, CALENDAR: 1}


async def test_what_time_may_heal_is_tried_again(store: StreamStore) -> None:
    """A parked stream is tried once more when its moment has come, once, however many look."""
    mine, refused = await held(store), await held(store, a_stream("refused"))
    parked = settled(mine, DEFECT, START, START)
    for_good = settled(refused, REFUSED, START, START)
    await store.settle([(mine.lease(), parked), (refused.lease(), for_good)])
    ripe_at = START + FIRST_RECOVERY

    assert not await store.recover(ripe_at - SECOND, limit=9)
    tried = await asyncio.gather(*(store.recover(ripe_at, limit=9) for _ in range(3)))

    assert [list(each) for each in tried if each] == [[recovered(parked, ripe_at)]]
    assert await kept(store) == recovered(parked, ripe_at)
    assert [each.id for each in await store.claim(LISTING, a_claim(ripe_at), limit=9)] == [mine.id]


async def test_those_that_wait_longest_are_tried_first(store: StreamStore) -> None:
    """Of many streams whose moment has come no more are tried than is asked for."""
    for index, name in enumerate(("second", "first")):
        stream = await held(store, a_stream(name))
        parked = settled(stream, DEFECT, START - index * SECOND, START)
        await store.settle([(stream.lease(), parked)])

    one = await store.recover(LATER + FIRST_RECOVERY, limit=1)
    rest = await store.recover(LATER + FIRST_RECOVERY, limit=9)

    assert [each.account_id for each in (*one, *rest)] == ["first", "second"]


async def test_who_pauses_or_resumes_takes_over(store: StreamStore) -> None:
    """A stream that somebody paused, or parked for good, is not tried again by itself."""
    for name, status in (("a", StreamStatus.PAUSED), ("b", StreamStatus.PARKED)):
        stream = await held(store, a_stream(name))
        await store.settle([(stream.lease(), settled(stream, DEFECT, START, START))])
        await store.switch(stream.id, status, START, "Connect it again.")

    assert not await store.recover(LATER + FIRST_RECOVERY, limit=9)
    assert {(await kept(store, name)).detail for name in "ab"} == {"Connect it again."}


async def test_what_a_wrong_clock_put_off_is_freed(store: StreamStore) -> None:
    """A lease or a rest that nobody gives is taken back; what is usual, or in turn, is left."""
    late = START + LONGEST_REST + SECOND
    names = ("held", "resting", "usual", "in turn", "paused")
    await store.open([a_stream(name) for name in names])
    claimed = {each.account_id: each for each in await store.claim(LISTING, a_claim(), limit=9)}
    far = [claimed[AccountId("held")].lease()]
    await store.renew(far, until=START + LONGEST_LEASE + SECOND)
    ends = {
        "resting": settled(claimed[AccountId("resting")], REFUSED_FOR_NOW, START, late),
        "usual": settled(claimed[AccountId("usual")], REFUSED_FOR_NOW, START, late - SECOND),
        "in turn": settled(claimed[AccountId("in turn")], DONE, START, late),
        "paused": settled(claimed[AccountId("paused")], REFUSED_FOR_NOW, START, late),
    }
    await store.settle([(claimed[AccountId(name)].lease(), end) for name, end in ends.items()])
    await store.switch(claimed[AccountId("paused")].id, StreamStatus.PAUSED, START)

    freed = await store.unstick(START, limit=9)

    assert {each.account_id for each in freed} == {"held", "resting"}
    assert not await store.unstick(START, limit=9)
    assert await store.renew(far, until=LATER) == frozenset()
    due = await store.claim(LISTING, a_claim(), limit=9)
    assert {each.account_id for each in due} == {"held", "resting"}
