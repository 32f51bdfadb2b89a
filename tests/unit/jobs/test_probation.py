"""Streams that kill their workers are found out, take nobody along for good, and cost little time.

Whole processes are played: a sweeper each, over one store, which a process that is dead cannot
reach any more. What it had claimed is lost, as after a `kill -9`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.aisle import Aisle
from jobs.streams.holding import SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.ports import StreamStore
from jobs.streams.steps import MOST_ATTEMPTS
from jobs.streams.stream import Channel, Lease, SliceResult, Stream, StreamStatus
from jobs.streams.sweeper import Sweeper, SweepMeans
from jobs.streams.trust import ALONE_AFTER, FEW, Trust
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus
from support.streams import DONE, LEASE, LISTING, a_claim, a_stream
from support.sweeping import MINUTELY, Bench, running, settle

LEASE_S = 5
SLICE_S = 1


class MortalStore:
    """The store as one process reaches it, for as long as that lives."""

    def __init__(self, store: MemoryStreamStore) -> None:
        """Reach `store`."""
        self._store = store
        self.is_dead = False

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Return a method of the store that nobody can use once the process is dead."""

        async def ask(*words: object, **more: object) -> object:
            if self.is_dead:
                raise StoreUnavailableError(reason="the process is dead")
            return await getattr(self._store, name)(*words, **more)

        return ask


@dataclass
class Process:
    """One life of one process."""

    store: MortalStore
    aisle: Aisle
    task: asyncio.Task[None]


@dataclass
class Fleet:
    """Processes that sweep one lane, and streams among which some kill whoever works on them."""

    poison: frozenset[str]
    bounds: SweepBounds
    delay_s: float = 0
    bench: Bench = field(default_factory=Bench)
    losses: dict[str, int] = field(default_factory=dict[str, int])
    """How often a stream had been lost in a row when it began, at most."""
    kills: int = 0
    lives: list[Process] = field(default_factory=list[Process])
    graves: list[Process] = field(default_factory=list[Process])
    beside: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    """By how often a stream had been lost, how many ran in its process when it began."""

    def start(self, name: str) -> None:
        """Let a process begin to live."""
        store, aisle = MortalStore(self.bench.store), Aisle()
        at_work: set[str] = set()

        async def work(stream: Stream, _lease: Lease) -> SliceResult:
            at_work.add(stream.id)
            lost = stream.attempts - 1
            self.losses[stream.account_id] = max(lost, self.losses.get(stream.account_id, 0))
            self.beside.setdefault(lost, set()).add(len(at_work))
            if stream.account_id in self.poison:
                await self.bench.clock.wait_s(self.delay_s)
                self.kills += not store.is_dead
                store.is_dead = True
                await asyncio.Event().wait()
            await self.bench.clock.wait_s(SLICE_S)
            at_work.discard(stream.id)
            return DONE

        means = SweepMeans(
            cast("StreamStore", store),
            {Channel.GMAIL: work},
            self.bench.slots,
            self.bench.names,
            self.bench.clock,
            EventBus(),
            lambda: 0.5,
            Holds(self.bench.clock),
            aisle,
        )
        sweeper = Sweeper(means, worker=name, bounds=self.bounds)
        sweeper.follow(MINUTELY)
        self.lives.append(Process(store, aisle, asyncio.create_task(sweeper.run())))

    async def until_settled(self, names: list[str], *, within_s: int) -> int:
        """Replace dead processes until each stream is done or parked; return how long it took."""
        kept: list[Stream] = []
        for second in range(within_s):
            await settle()
            for number, process in enumerate(tuple(self.lives)):
                if process.store.is_dead:
                    process.task.cancel()
                    self.graves.append(self.lives.pop(self.lives.index(process)))
                    self.start(f"worker-{second}-{number}")
            kept = [await self.bench.kept(name) for name in names]
            if all(each.last_success_at or each.status is StreamStatus.PARKED for each in kept):
                return second
            self.bench.clock.advance(1)
        raise AssertionError([each for each in kept if not each.last_success_at])

    async def end(self) -> None:
        """End every process; what still waits for time gets it."""
        tasks = [process.task for process in (*self.lives, *self.graves)]
        for task in tasks:
            task.cancel()
        while not all(task.done() for task in tasks):
            await settle()
            self.bench.clock.advance(1)
        await asyncio.gather(*tasks, return_exceptions=True)


async def settled_fleet(
    names: list[str], fleet: Fleet, *, processes: int = 1, within_s: int = 600
) -> int:
    """Open streams, let processes work on them to the end, and return how long it took."""
    await fleet.bench.store.open([a_stream(name) for name in names])
    for number in range(processes):
        fleet.start(f"worker-{number}")
    try:
        return await fleet.until_settled(names, within_s=within_s)
    finally:
        await fleet.end()


def bounds(concurrency: int) -> SweepBounds:
    """Return bounds with so many places and short leases."""
    return SweepBounds(concurrency=concurrency, lease_s=LEASE_S, renew_s=1, drain_s=0)


@settings(max_examples=25, deadline=None)
@given(
    innocent=st.integers(0, 24),
    poisonous=st.integers(0, 3),
    places=st.integers(1, 30),
    processes=st.integers(1, 3),
    delay_s=st.sampled_from([0, 0.5, 1]),
)
def test_what_kills_is_parked_and_nobody_else(
    innocent: int, poisonous: int, places: int, processes: int, delay_s: float
) -> None:
    """However many there are of each, all that is innocent is done, and workers stop dying."""
    names = [f"s{number}" for number in range(innocent + poisonous)]
    # They are spread over the order in which streams are claimed.
    poison = frozenset(names[:: max(1, len(names) // max(1, poisonous))][:poisonous])
    fleet = Fleet(poison, bounds(places), delay_s)

    async def play() -> list[Stream]:
        await settled_fleet(names, fleet, processes=processes)
        return [await fleet.bench.kept(name) for name in names]

    kept = asyncio.run(play())

    assert {each.account_id for each in kept if each.status is StreamStatus.PARKED} == poison
    assert all(each.attempts == MOST_ATTEMPTS for each in kept if each.account_id in poison)
    assert fleet.kills <= MOST_ATTEMPTS * len(poison)
    others = [fleet.losses[name] for name in names if name not in poison]
    assert max(others, default=0) <= ALONE_AFTER
    assert max(fleet.beside.get(2, {1})) <= FEW
    for losses in range(ALONE_AFTER, MOST_ATTEMPTS):
        assert fleet.beside.get(losses, {1}) == {1}


async def test_after_a_crash_everything_goes_on_at_once() -> None:
    """What was lost with its worker once runs beside all others: the worker died of anything."""
    bench = Bench()
    names = [f"s{number}" for number in range(50)]
    await bench.store.open([a_stream(name) for name in names])
    await bench.store.claim(LISTING, a_claim(worker="dead"), limit=50)
    now: set[str] = set()

    async def work(stream: Stream, _lease: Lease) -> SliceResult:
        now.add(stream.id)
        await bench.clock.wait_s(SLICE_S)
        return DONE

    bench.clock.advance(LEASE.total_seconds())
    async with running(bench.sweeper(work, bounds=bounds(50))):
        await settle()

    assert len(now) == len(names)


async def test_a_stream_that_kills_is_found_among_fifty_in_few_rounds() -> None:
    """Fifty that ran one after another would take fifty slices; groups take far fewer."""
    names = [f"s{number:02}" for number in range(50)]
    fleet = Fleet(frozenset({"s49"}), bounds(50))

    took_s = await settled_fleet(names, fleet)

    # Each death costs a lease and a look; between them run the groups, and one group alone.
    deaths_s = MOST_ATTEMPTS * (LEASE_S + 2)
    rounds = -(-len(names) // FEW) + FEW
    assert took_s <= deaths_s + rounds * (SLICE_S + 1)
    assert fleet.kills == MOST_ATTEMPTS


async def test_others_have_their_turn_between_suspects() -> None:
    """Many that run alone hold up those that are trusted for one slice each time, no longer."""
    bench = Bench()
    suspects = [f"s{number}" for number in range(6)]
    await bench.store.open([a_stream(name) for name in suspects])
    for trust in (Trust.FULL, Trust.FULL, Trust.DOUBT):
        assert len(await lost_once(bench, trust)) == len(suspects)
    await bench.store.open([a_stream("fine")])
    order: list[str] = []

    async def work(stream: Stream, _lease: Lease) -> SliceResult:
        order.append(stream.account_id)
        await bench.clock.wait_s(SLICE_S)
        return DONE

    async with running(bench.sweeper(work, bounds=bounds(50))):
        await bench.pass_s(4)

    assert "fine" in order[:2]
    assert len(order) > 2


async def lost_once(bench: Bench, trust: Trust) -> Sequence[Stream]:
    """Claim what is due and trusted so far, let it lose its worker, and return what it was."""
    held = await bench.store.claim(LISTING, a_claim(bench.clock.now()), limit=50, trust=trust)
    bench.clock.advance(LEASE.total_seconds())
    await bench.store.heal(bench.clock.now(), limit=50)
    return held


async def test_nothing_is_claimed_while_somebody_is_alone() -> None:
    """What only waited would be lost with whoever is alone in the process, again and again."""
    fleet = Fleet(frozenset(), bounds(5))
    await fleet.bench.store.open([a_stream()])
    fleet.start("worker-1")
    async with fleet.lives[0].aisle.alone():
        await fleet.bench.pass_s(3)
        waiting = await fleet.bench.kept()
    await fleet.bench.pass_s(3)
    done = await fleet.bench.kept()
    await fleet.end()

    assert (waiting.attempts, waiting.fence) == (0, 0)
    assert done.last_success_at is not None
