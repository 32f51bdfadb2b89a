"""The streams that this process holds: works on them, keeps their leases, writes their ends.

Ends are written together: while one batch is being written, the next one gathers. An end that the
database does not take is offered again, for as long as the lease is kept. A slice whose lease was
not lengthened in time is stopped a little before it runs out, whatever the database answers, and
asks for nothing any more.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs.aisle import Aisle
from jobs.streams.holds import Holds
from jobs.streams.ports import StreamStore
from jobs.streams.slices import Slices
from jobs.streams.steps import given_back
from jobs.streams.stream import Channel, Lease, Stream, StreamId
from sanderling.fairness.cap import Cap, CapName
from sanderling.fairness.ports import Slot, Slots
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.waiting import end_task

log = structlog.get_logger()

_AGAIN_S = 1.0
_LOOK_WHEN_FREE = 4
_MARGINS_IN_RENEWAL = 4
"""A hold ends two such margins before its lease, and that is looked at after each of them."""


@dataclass(frozen=True, slots=True)
class SweepBounds:
    """How much one process sweeps, and how long things may take, in seconds.

    `concurrency` slices run here at once. `per_channel` caps those of a channel over every
    process. A slice is stopped after `slice_s`; a stop waits `drain_s` for slices to end.
    """

    concurrency: int = 100
    per_channel: Mapping[Channel, int] = field(default_factory=dict[Channel, int])
    lease_s: float = 60.0
    renew_s: float = 15.0
    every_s: float = 1.0
    slice_s: float = 120.0
    drain_s: float = 10.0


@dataclass(slots=True)
class _Held:
    stream: Stream
    lease: Lease
    task: asyncio.Task[None]
    until: datetime
    """When it is over by our own clock, unless its lease is lengthened."""
    is_over: bool = False
    slot: Slot | None = None


class Holding:
    """Hold streams that were claimed for this process; one event loop owns it."""

    def __init__(
        self,
        store: StreamStore,
        slices: Slices,
        slots: Slots,
        bounds: SweepBounds,
        aisle: Aisle,
        holds: Holds,
    ) -> None:
        """Hold nothing yet; each slice joins `aisle` until its end, and `holds` is told."""
        self._store = store
        self._slices = slices
        self._slots = slots
        self._clock = slices.clock
        self._bounds = bounds
        self._aisle = aisle
        self._holds = holds
        self._held: dict[StreamId, _Held] = {}
        self._ended: list[tuple[Lease, Stream]] = []
        self._has_ended = asyncio.Event()
        self._is_over = False
        self._full: set[Channel] = set()
        self.is_more_due = False
        """Whether more was due than was claimed, so that free places are of use at once."""
        self.changed = asyncio.Event()
        """Set when enough places became free for what is due, or a stream is due again at once."""

    def adapt(self, bounds: SweepBounds) -> None:
        """Hold streams within other bounds; slices beyond them go on to their end."""
        self._bounds = bounds

    @property
    def free(self) -> int:
        """How many more streams there are places for."""
        return self._bounds.concurrency - len(self._held)

    def room(self, channel: Channel) -> int:
        """Return how many more streams of a channel may be claimed."""
        cap = self._bounds.per_channel.get(channel)
        if cap is None:
            return self.free
        if channel in self._full:
            return 0
        here = sum(held.stream.channel is channel for held in self._held.values())
        return min(self.free, max(0, cap - here))

    def look_again(self) -> None:
        """Forget which channels were full: their slots may be free by now."""
        self._full.clear()

    @property
    def is_empty(self) -> bool:
        """Claim that nothing is held."""
        return not self._held

    def start(self, stream: Stream) -> None:
        """Work on a stream that was claimed for this process, by whoever is in the aisle now."""
        self._aisle.join()
        task = asyncio.create_task(self._work(stream), name=f"stream {stream.id}")
        lease = stream.lease()
        self._held[stream.id] = held = _Held(stream, lease, task, self._over_at(lease.until))
        self._holds.keep(stream, held.until)
        # One that is cancelled before its first step ends without a word of its own.
        task.add_done_callback(lambda ended: self.hand_on(stream) if ended.cancelled() else None)
        task.add_done_callback(lambda _: self._aisle.leave())

    def hand_on(self, stream: Stream) -> None:
        """Give a stream back that was claimed for this process and not worked on."""
        self._holds.drop(stream)
        after = given_back(stream, self._clock.now(), stream.next_due_at)
        self._ended.append((stream.lease(), after))
        self._has_ended.set()

    async def _work(self, stream: Stream) -> None:
        try:
            after = await self._slice(stream)
        except asyncio.CancelledError:
            after = given_back(stream, self._clock.now(), stream.next_due_at)
        if after is None:
            self._held.pop(stream.id, None)
            self._tell_of_room()
            return
        self._ended.append((stream.lease(), after))
        self._has_ended.set()

    async def _slice(self, stream: Stream) -> Stream | None:
        held = self._held[stream.id]
        if not await self._has_slot(held):
            self._full.add(stream.channel)
            return given_back(stream, self._clock.now(), stream.next_due_at)
        try:
            return await self._slices.run(stream)
        finally:
            self._holds.drop(stream)
            if held.slot is not None:
                await self._slots.release(held.slot)
                held.slot = None
                self._full.discard(stream.channel)

    async def _has_slot(self, held: _Held) -> bool:
        limit = self._bounds.per_channel.get(held.stream.channel)
        if limit is None:
            return True
        channel = held.stream.channel
        cap = Cap(CapName.CHANNEL, f"{CapName.CHANNEL}:{channel}", limit)
        answer = await self._slots.acquire(
            [cap], holder=held.lease.worker, lease_s=self._bounds.lease_s
        )
        held.slot = answer if isinstance(answer, Slot) else None
        return held.slot is not None

    async def settle(self) -> None:
        """Write ends as they come, until `drain`."""
        while not self._is_over or self._ended:
            await self._has_ended.wait()
            self._has_ended.clear()
            if self._ended and not await self._write():
                if self._is_over:
                    return
                await self._clock.wait_s(_AGAIN_S)
                self._has_ended.set()

    async def _write(self) -> bool:
        batch, self._ended = self._ended, []
        try:
            written = await self._store.settle(batch)
        except StoreUnavailableError as fault:
            log.warning("streams.not-settled", count=len(batch), reason=fault.facts["reason"])
            kept = [end for end in batch if end[0].stream_id in self._held]
            self._ended = [*kept, *self._ended]
            return False
        now = self._clock.now()
        for lease, after in batch:
            self._held.pop(lease.stream_id, None)
            if lease.stream_id not in written:
                log.warning("stream.lease-lost", stream=lease.stream_id)
            elif after.next_due_at <= now:
                self.changed.set()
        self._tell_of_room()
        return True

    def _tell_of_room(self) -> None:
        # Claiming one at a time would cost a look at everything that is due for each slice.
        is_enough = self.free * _LOOK_WHEN_FREE >= self._bounds.concurrency
        if self.is_more_due and (is_enough or not self._held):
            self.changed.set()

    async def keep(self) -> None:
        """Lengthen leases again and again, until cancelled; what is lost or over is stopped."""
        watching = asyncio.create_task(self._watch(), name="streams watch")
        try:
            while True:
                await self._clock.wait_s(self._bounds.renew_s)
                await self._renew()
        finally:
            await end_task(watching)

    async def _renew(self) -> None:
        held, until = list(self._held.values()), self.until()
        try:
            kept = await self._store.renew([each.lease for each in held], until=until)
        except StoreUnavailableError:
            # They go on until they are over: the next one may come in time.
            return
        over_at = self._over_at(until)
        here = [each for each in held if self._held.get(each.stream.id) is each]
        for each in here:
            if each.stream.id not in kept:
                each.task.cancel()
            elif not each.is_over and not each.task.done():
                each.until = over_at
                self._holds.keep(each.stream, over_at)
        for each in here:
            if each.slot is not None and each.stream.id in kept:
                await self._slots.renew(each.slot)

    async def _watch(self) -> None:
        """Stop what is over, while the database is asked, or does not answer."""
        while True:
            await self._clock.wait_s(self._margin_s)
            now = self._clock.now()
            for each in self._held.values():
                if now >= each.until and not each.is_over and not each.task.done():
                    each.is_over = True
                    log.warning("stream.hold-over", stream=each.stream.id)
                    each.task.cancel()

    @property
    def _margin_s(self) -> float:
        return self._bounds.renew_s / _MARGINS_IN_RENEWAL

    def _over_at(self, until: datetime) -> datetime:
        return until - timedelta(seconds=2 * self._margin_s)

    def until(self) -> datetime:
        """Return when a lease that begins or is lengthened now runs out."""
        return self._clock.now() + timedelta(seconds=self._bounds.lease_s)

    def give_back(self) -> None:
        """Stop every slice; each stream is due again as it was."""
        for each in self._held.values():
            each.task.cancel()

    async def drain(self) -> None:
        """Let slices end, give back those that take too long, and let `settle` come to its end."""
        tasks = {each.task for each in self._held.values()}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._bounds.drain_s)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # for what `start` does at their ends.
        self._is_over = True
        self._has_ended.set()
