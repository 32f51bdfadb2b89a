"""Sweeps lanes for due streams: claims them, has their slices run, and writes how they ended.

Guarantees: a process holds no more streams than it has places for; a slice goes on only while its
lease is kept, by the clock of its own process too; of two processes that believe to hold a stream
the row lets one write. A process that dies leaves leases that run out, and any other heals them.
What was lost with its worker again and again runs with few others or none, as `trust` says; it
takes turns with all the rest, and waits for its own until nothing else is held here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from jobs.aisle import Aisle
from jobs.streams.cadence import next_in_turn
from jobs.streams.holding import Holding, SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.lanes import LANES
from jobs.streams.ports import StreamStore
from jobs.streams.probation import Probation, Turn
from jobs.streams.slices import Slices
from jobs.streams.stream import Channel, Lane, Stream, StreamClaim, StreamStatus, StreamWork
from jobs.streams.trust import MOST_TOGETHER, Trust
from sanderling.fairness.ports import Slots
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus, StreamsDue, StreamsHealed
from sanderling.kernel.waiting import end_task, first_of
from sanderling.schedule.cron import Cron

log = structlog.get_logger()

_HEALED_AT_ONCE = 500
_NS = 1e9


@dataclass(frozen=True, slots=True)
class SweepMeans:
    """What a sweeper works with.

    `works` does the slices of each channel; a lane of another channel is left to processes that
    know it. `paused` returns the names of jobs that somebody paused. `jitter` returns 0 to 1.
    Slices join `aisle`: who else has to be alone in this process takes it alone, and meanwhile
    nothing is claimed. `holds` is told which accounts are held: what asks providers looks there.
    """

    store: StreamStore
    works: Mapping[Channel, StreamWork]
    slots: Slots
    paused: Callable[[], Awaitable[Collection[str]]]
    clock: Clock
    bus: EventBus
    jitter: Callable[[], float]
    holds: Holds
    aisle: Aisle = field(default_factory=Aisle)


class Sweeper:
    """Sweep in this process; any number of processes may; one event loop owns it."""

    def __init__(
        self, means: SweepMeans, *, worker: str, bounds: SweepBounds | None = None
    ) -> None:
        """Sweep nothing before `follow` and `run`; `worker` names this process in the rows."""
        self._means = means
        self._store = means.store
        self._clock = means.clock
        self._worker = worker
        self._bounds = bounds or SweepBounds()
        self._slices = Slices(means.works, means.clock, means.bus, self._bounds.slice_s)
        self._holding = Holding(
            means.store, self._slices, means.slots, self._bounds, means.aisle, means.holds
        )
        self._lanes: dict[str, Lane] = {}
        self._new: set[Lane] = set()
        self._is_resting = False
        self._turn = 0
        self._heals_at_ns = 0
        self._probation = Probation(means.store, means.clock, every_s=self._bounds.every_s)

    def follow(self, crons: Mapping[str, Cron]) -> None:
        """Sweep the lanes of the jobs named, at their crons, and no others.

        Slices that are under way go on. A stream that waits longer than a cron that is new here
        would have it is due earlier; one that waits less keeps its moment.
        """
        works = self._means.works
        self._lanes = {name: LANES[name] for name in crons if LANES[name].channel in works}
        known = self._slices.crons
        self._new |= {lane for name, lane in self._lanes.items() if known.get(lane) != crons[name]}
        self._slices.crons = {LANES[name]: cron for name, cron in crons.items()}
        self.wake()

    def adapt(self, bounds: SweepBounds) -> None:
        """Sweep within other bounds from now on; slices that are under way go on.

        Leases stay as long as they are: whoever lengthens them waits for as long as was said first.
        """
        lease_s, renew_s = self._bounds.lease_s, self._bounds.renew_s
        self._bounds = bounds = replace(bounds, lease_s=lease_s, renew_s=renew_s)
        self._slices.slice_s = bounds.slice_s
        self._holding.adapt(bounds)
        self.wake()

    def rest(self) -> None:
        """Claim nothing any more; slices that are under way go on."""
        self._is_resting = True

    def hurry(self) -> None:
        """Claim nothing any more, and give back what is held: other processes go on with it."""
        self.rest()
        self._holding.give_back()

    def wake(self) -> None:
        """Look at once: something may be due."""
        self._holding.changed.set()

    async def run(self) -> None:
        """Sweep until cancelled; then let slices end, or give them back."""
        settling = asyncio.create_task(self._holding.settle(), name="streams settle")
        keeping = asyncio.create_task(self._holding.keep(), name="streams keep")
        try:
            while True:
                self._holding.changed.clear()
                await self._look()
                await self._rest()
        finally:
            await self._holding.drain()
            await settling
            await end_task(keeping)

    async def _look(self) -> None:
        try:
            await self._heal()
            await self._hasten()
            await self._claim()
        except StoreUnavailableError as fault:
            log.warning("streams.not-claimed", reason=fault.facts["reason"])
        except Exception:
            # The top of a loop that must not end: the next look may find it mended.
            log.exception("streams.look-failed")

    async def _heal(self) -> None:
        """Free what lost its worker, at most once in `every_s`: a busy process looks more often."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._heals_at_ns:
            return
        healed = await self._store.heal(self._clock.now(), limit=_HEALED_AT_ONCE)
        self._heals_at_ns = now_ns + round(self._bounds.every_s * _NS)
        if not healed:
            return
        parked = [stream for stream in healed if stream.status is StreamStatus.PARKED]
        log.warning("streams.healed", freed=len(healed), parked=len(parked))
        for stream in parked:
            log.error("stream.parked", stream=stream.id, attempts=stream.attempts)
        self._means.bus.publish(StreamsHealed(len(healed), len(parked)))

    async def _hasten(self) -> None:
        """Let streams know of crons that are new here; any number of processes may."""
        for lane in tuple(self._new):
            cron, now = self._slices.crons.get(lane), self._clock.now()
            if cron is not None:
                await self._store.hasten(lane, partial(next_in_turn, cron, after=now), now)
            self._new.discard(lane)

    async def _claim(self) -> None:
        if self._is_resting:
            return
        due = await self._store.backlog(self._clock.now()) if self._lanes else dict[Lane, int]()
        told = {
            (lane.channel.value, lane.phase.value): due.get(lane, 0)
            for lane in self._lanes.values()
        }
        self._means.bus.publish(StreamsDue(told))
        paused = await self._means.paused() if due else ()
        lanes = [lane for name, lane in self._lanes.items() if lane in due and name not in paused]
        if not self._means.aisle.is_open:
            # What only waited for somebody who runs alone would be lost with that one.
            return
        self._means.aisle.join()
        try:
            await self._take(lanes, sum(due[lane] for lane in lanes))
        finally:
            self._means.aisle.leave()

    async def _take(self, lanes: Sequence[Lane], number_due: int) -> None:
        # Another lane comes first each time, so that none lives on what others leave.
        self._turn += 1
        match await self._probation.turn(lanes, is_empty=self._holding.is_empty):
            case Turn.TRUSTED:
                claimed = await self._take_trusted(lanes)
                self._holding.is_more_due = claimed < number_due
                if self._probation.end_turn(is_empty=self._holding.is_empty):
                    self.wake()
            case Turn.SUSPECTS:
                await self._take_suspects()
            case Turn.NOBODY:
                self._holding.is_more_due = True

    async def _take_trusted(self, lanes: Sequence[Lane]) -> int:
        claimed = 0
        for number in range(len(lanes)):
            lane = lanes[(number + self._turn) % len(lanes)]
            even = -(-self._holding.free // (len(lanes) - number))
            claimed += await self._start(lane, even, Trust.FULL)
        return claimed

    async def _take_suspects(self) -> None:
        """Claim a group of those in doubt, or one that runs alone, of lanes in turn."""
        kinds = list(self._probation.suspects.items())
        trust, lanes = kinds[self._turn % len(kinds)]
        begun = 0
        for number in range(len(lanes)):
            lane = lanes[(number + self._turn) % len(lanes)]
            begun += await self._start(lane, MOST_TOGETHER[trust] - begun, trust)
        if begun:
            self._probation.begin_round()
            self._holding.is_more_due = True
        else:
            self._probation.put_off()

    async def _start(self, lane: Lane, most: int, trust: Trust) -> int:
        limit = min(most, self._holding.room(lane.channel))
        if limit <= 0:
            return 0
        claim = StreamClaim(self._worker, self._clock.now(), self._holding.until())
        streams = await self._claimed(lane, claim, limit, trust)
        for stream in streams:
            self._holding.start(stream)
        return len(streams)

    async def _claimed(
        self, lane: Lane, claim: StreamClaim, limit: int, trust: Trust
    ) -> Sequence[Stream]:
        asking = self._store.claim(lane, claim, limit=limit, trust=trust)
        claiming = asyncio.create_task(asking)
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # They may be ours by now, and nobody else would take them up before the lease is over.
            with suppress(StoreUnavailableError):
                for stream in await claiming:
                    self._holding.hand_on(stream)
            raise

    async def _rest(self) -> None:
        """Wait until something changed here, and for others' changes about `every_s`."""
        most_s = self._bounds.every_s * (0.75 + self._means.jitter() / 2)
        if await first_of(self._clock.wait_s(most_s), self._holding.changed.wait()):
            self._holding.look_again()
