"""Measures peers in turns, so that noise of the machine hits all of them alike."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.peer import Peer
from bench.processes import cpu_ns, own_cpu_ns, pss_kib, tree_of
from bench.workload import EVENT_JSON, check

_WARM_UP_CALLS = 3
_LANES = 8


@dataclass(frozen=True, slots=True)
class Budget:
    """How much to measure; a slice ends with its calls or its seconds, whichever is first."""

    rounds: int
    slice_s: float
    slice_calls: int


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
        """Measure one slice of single calls and, where the peer can, one of eight at once."""
        for _ in range(_WARM_UP_CALLS):
            await self.peer.prepare()
            check(await self.peer.call(EVENT_JSON, 0), peer=self.peer.name)
        host_ns, guest_ns = own_cpu_ns(), self._guest_cpu_ns()
        if self.peer.max_lanes == 1:
            # What prepares a call is not part of it, so neither CPU nor rate can be told.
            await self._single_calls(budget)
            return
        await self._single_calls(budget)
        await self._overlapping_calls(budget)
        self.host_cpu_ns += own_cpu_ns() - host_ns
        self.guest_cpu_ns += max(0, self._guest_cpu_ns() - guest_ns)

    async def _single_calls(self, budget: Budget) -> None:
        took_ns: list[int] = []
        peer = self.peer
        slice_began = time.perf_counter()
        while len(took_ns) < budget.slice_calls:
            await peer.prepare()
            began_ns = time.perf_counter_ns()
            await peer.call(EVENT_JSON, 0)
            ended_ns = time.perf_counter_ns()
            took_ns.append(ended_ns - began_ns)
            if time.perf_counter() - slice_began > budget.slice_s:
                break
        self.calls += len(took_ns)
        self.p50s_ns.append(median(took_ns))
        if peer.max_lanes > 1:
            self.rates_c1.append(len(took_ns) / (time.perf_counter() - slice_began))

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

    async def weigh(self) -> None:
        """Measure what one idle function adds to the memory of all processes."""
        count = self.peer.parks
        if not count:
            return
        # Some functions are parked first, so that what only the first ones cost is not counted.
        await self.peer.park(1_000_000, max(1, count // 8))
        before = pss_kib(tree_of({*self.roots, os.getpid()}))
        await self.peer.park(2_000_000, count)
        after = pss_kib(tree_of({*self.roots, os.getpid()}))
        self.idle_kib = (after - before) / count


async def measure(meters: Sequence[Meter], budget: Budget) -> None:
    """Give each peer its turns; the order rotates, so that no peer always follows the same."""
    for number in range(budget.rounds):
        first = number % len(meters)
        for meter in [*meters[first:], *meters[:first]]:
            await meter.turn(budget)
    for meter in meters:
        await meter.weigh()
