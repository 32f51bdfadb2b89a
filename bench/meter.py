"""Measures peers in turns, so that noise of the machine hits all of them alike."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from bench.peer import Peer
from bench.processes import cpu_ns, own_cpu_ns, pss_kib, tree_of
from bench.workload import EVENT_JSON, check

_WARM_UP_CALLS = 3
_LANES = 8
_BATCHES = 4


@dataclass(frozen=True, slots=True)
class Budget:
    """How much to measure; a slice ends with its calls or its seconds, whichever is first.

    At most `parks` functions are parked to weigh them.
    """

    rounds: int
    slice_s: float
    slice_calls: int
    parks: int


@dataclass(slots=True)
class Meter:
    """What was seen of one peer; `roots` are the processes it started."""

    peer: Peer
    roots: frozenset[int]
    p50s_ns: list[float] = field(default_factory=list[float])
    rates_c1: list[float] = field(default_factory=list[float])
    rates_c8: list[float] = field(default_factory=list[float])
    calls: int = 0
    host_cpu_ns: int = 0
    guest_cpu_ns: int = 0
    idle_kib: float | None = None

    def _guest_cpu_ns(self) -> int:
        return cpu_ns(tree_of(self.roots))

    async def turn(self, budget: Budget) -> None:
        """Measure a slice of single calls, and one of eight at once where the peer can."""
        for _ in range(_WARM_UP_CALLS):
            await self.peer.prepare()
            check(await self.peer.call(EVENT_JSON, 0), peer=self.peer.name)
        if self.peer.is_paced:
            await self._paced_calls(budget)
        if self.peer.max_lanes == 1:
            return
        host_ns, guest_ns = own_cpu_ns(), self._guest_cpu_ns()
        took_ns = await self._single_calls(budget)
        if not self.peer.is_paced:
            self.p50s_ns.append(median(took_ns))
        await self._overlapping_calls(budget)
        self.host_cpu_ns += own_cpu_ns() - host_ns
        self.guest_cpu_ns += max(0, self._guest_cpu_ns() - guest_ns)

    async def _paced_calls(self, budget: Budget) -> None:
        """Time calls that find everything ready; what makes it ready is not timed."""
        took_ns: list[int] = []
        ends = time.perf_counter() + budget.slice_s
        while len(took_ns) < budget.slice_calls:
            await self.peer.prepare()
            took_ns.append(await self._timed_call())
            if time.perf_counter() > ends:
                break
        self.p50s_ns.append(median(took_ns))

    async def _timed_call(self) -> int:
        began_ns = time.perf_counter_ns()
        await self.peer.call(EVENT_JSON, 0)
        return time.perf_counter_ns() - began_ns

    async def _single_calls(self, budget: Budget) -> list[int]:
        """Call as fast as one caller can; return what each call took."""
        took_ns: list[int] = []
        began = time.perf_counter()
        while len(took_ns) < budget.slice_calls:
            took_ns.append(await self._timed_call())
            if time.perf_counter() - began > budget.slice_s:
                break
        self.rates_c1.append(len(took_ns) / (time.perf_counter() - began))
        self.calls += len(took_ns)
        return took_ns

    async def _overlapping_calls(self, budget: Budget) -> None:
        lanes = range(1, _LANES + 1)
        # A lane may have to start a worker of its own first; that is not what is asked here.
        await asyncio.gather(*(self.peer.call(EVENT_JSON, lane) for lane in lanes))
        began = time.perf_counter()
        left = budget.slice_calls

        async def run(lane: int) -> int:
            nonlocal left
            done = 0
            while left > 0 and time.perf_counter() - began < budget.slice_s:
                left -= 1
                await self.peer.call(EVENT_JSON, lane)
                done += 1
            return done

        done = sum(await asyncio.gather(*map(run, lanes)))
        self.rates_c8.append(done / (time.perf_counter() - began))
        self.calls += done + _LANES

    async def weigh(self, budget: Budget) -> None:
        """Measure what one idle function adds to the memory of all processes."""
        batch = min(self.peer.parks, budget.parks) // _BATCHES
        if not batch:
            return
        # Some functions are parked first, so that what only the first ones cost is not counted.
        await self.peer.park(1_000_000, 1)
        weights_kib = [self._weight_kib()]
        for number in range(_BATCHES):
            await self.peer.park(2_000_000 + number * batch, batch)
            weights_kib.append(self._weight_kib())
        # A spare that was forked in between weighs more than many functions: hence the median.
        self.idle_kib = median((after - before) / batch for before, after in pairwise(weights_kib))

    def _weight_kib(self) -> int:
        return pss_kib(tree_of({*self.roots, os.getpid()}))


async def measure(meters: Sequence[Meter], budget: Budget) -> None:
    """Give each peer its turns; the order rotates, so that no peer always follows the same."""
    for number in range(budget.rounds):
        first = number % len(meters)
        for meter in [*meters[first:], *meters[:first]]:
            await meter.turn(budget)
    for meter in meters:
        await meter.weigh(budget)
