"""Workers that belong to one version of one function and wait for its next call.

A worker never changes its owner: whoever it was bound to, it serves only that key until it ends.
"""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from drivers.local.budget import MemoryBudget
from drivers.local.pool import Pool
from drivers.local.settings import LocalSettings
from drivers.local.spinning import Waits
from drivers.local.worker import Worker

_log = structlog.get_logger()

_SWEEP_S = 5.0
_OLDEST_S = 600.0
_WORTH_WAITING_S = 0.005
_LOOK_AGAIN_S = 0.01
# With as many workers at work as there are processors, one more would only take turns.
_PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


@dataclass(slots=True, eq=False)
class Bound:
    """A worker of one version of a function, with what it has done.

    `pool` is where it came from, `bench` where the workers of that version are kept.
    `memory_bytes` is reserved while the worker lives; `grown_bytes` is how much more it holds than
    after its first call.
    """

    worker: Worker
    pool: Pool
    bench: "Bench"
    memory_bytes: int
    calls: int = 0
    resident_bytes: int | None = None
    grown_bytes: int = 0
    _first_bytes: int | None = None
    idle_since_s: float = 0.0
    began_s: float = 0.0
    looked_s: float = 0.0

    def look_at_resident(self, now_s: float) -> int | None:
        """Return what the worker holds after a call, and see it grow.

        A worker that is called often is looked at after some of its calls only: asking the kernel
        takes a tenth of a small call.
        """
        if now_s - self.looked_s > _LOOK_AGAIN_S:
            self.looked_s = now_s
            resident_bytes = self.resident_bytes = self.worker.read_memory_bytes(peak=False)
            if self._first_bytes is None:
                self._first_bytes = resident_bytes
            self.grown_bytes = (resident_bytes or 0) - (self._first_bytes or 0)
        return self.resident_bytes


_Turn: TypeAlias = "asyncio.Future[Bound | None]"


class Bench:
    """The workers of one version of a function, and who waits for those at work."""

    __slots__ = ("busy", "idle", "is_watched", "line", "waits")

    def __init__(self) -> None:
        """Start empty; `idle` has the one used last at the end."""
        self.idle: list[Bound] = []
        self.busy: set[Bound] = set()
        self.line: deque[_Turn] = deque()
        self.is_watched = False
        self.waits = Waits()

    @property
    def is_slow(self) -> bool:
        """Claim that every worker has been at its call for longer than a fork takes.

        While some call began a moment ago the workers are quick, and those who wait do so for
        the host; more workers would only take its time.
        """
        since_s = time.monotonic() - _WORTH_WAITING_S
        return all(bound.began_s < since_s for bound in self.busy)


class BoundWorkers:
    """The idle ones of all functions."""

    def __init__(
        self, settings: LocalSettings, budget: MemoryBudget, *, on_idle: Callable[[], object]
    ) -> None:
        """Start empty; `on_idle` is called when somebody waits for memory that nobody uses now."""
        self._settings = settings
        self._budget = budget
        self._on_idle = on_idle
        # In the order in which they became idle; dict keeps it.
        self._by_age: dict[Bound, None] = {}
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._by_age)

    def take(self, idle: list[Bound]) -> Bound | None:
        """Return the worker of `idle` that was used last, or None."""
        while idle:
            bound = idle.pop()
            del self._by_age[bound]
            if bound.worker.is_idle:
                return bound
            self.end(bound)
        return None

    async def wait(self, bench: Bench) -> Bound | None:
        """Return the next worker that gets free, if one does in the time that a fork takes.

        None when fewer workers of the function are at work than there are processors, when too many
        wait, or when none got free.
        """
        if len(bench.busy) < _PROCESSORS or len(bench.line) >= self._settings.queue_limit:
            return None
        turn: _Turn = asyncio.get_running_loop().create_future()
        bench.line.append(turn)
        if not bench.is_watched:
            self._look_later(bench)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with contextlib.suppress(ValueError):  # It may have been passed over already.
                    bench.line.remove(turn)
            elif turn.done() and (bound := turn.result()) is not None:
                self.keep(bound, time.monotonic())
            raise

    def _look_later(self, bench: Bench) -> None:
        # One timer for the whole line: at full speed a call is in it for a fraction of that time.
        bench.is_watched = True
        asyncio.get_running_loop().call_later(_WORTH_WAITING_S, self._look, bench)

    def _look(self, bench: Bench) -> None:
        bench.is_watched = False
        if bench.is_slow:
            while bench.line:
                turn = bench.line.popleft()
                if not turn.done():
                    turn.set_result(None)
        elif bench.line:
            self._look_later(bench)

    def keep(self, bound: Bound, now_s: float) -> None:
        """Take a worker back after a clean call, or end it if it is spent."""
        if self._is_spent(bound):
            self.end(bound)
            return
        if bound.bench.line and _hand_over(bound):
            return
        bound.idle_since_s = now_s
        bound.bench.idle.append(bound)
        self._by_age[bound] = None
        if self._sweeper is None:
            self._sweep_later()
        # Whoever waits for memory may have this one's; who waits for a fork gains nothing.
        if self._budget.waiting:
            self._on_idle()

    def _is_spent(self, bound: Bound) -> bool:
        return (
            bound.calls >= self._settings.reuse_calls
            or bound.worker.is_unfit
            or not bound.worker.is_idle
            or bound.grown_bytes > self._settings.reuse_growth_bytes
        )

    def end(self, bound: Bound) -> None:
        """End a worker that was taken and is not kept."""
        bound.pool.release(bound.worker, bound.memory_bytes)

    def _remove(self, bound: Bound) -> None:
        del self._by_age[bound]
        bound.bench.idle.remove(bound)
        self.end(bound)

    def make_room(self) -> bool:
        """End the worker that has been idle longest; False when there is none."""
        if not self._by_age:
            return False
        self._remove(next(iter(self._by_age)))
        return True

    def drop(self, idle: list[Bound]) -> None:
        """End every worker of `idle`."""
        for bound in tuple(idle):
            self._remove(bound)

    def _sweep_later(self) -> None:
        pause_s = min(_SWEEP_S, self._settings.reuse_idle_s)
        self._sweeper = asyncio.get_running_loop().call_later(pause_s, self._sweep)

    def _sweep(self) -> None:
        now_s = time.monotonic()
        for bound in tuple(self._by_age):
            if self._is_over(bound, now_s):
                self._remove(bound)
        self._sweeper = None
        if self._by_age:
            self._sweep_later()

    def _is_over(self, bound: Bound, now_s: float) -> bool:
        worker = bound.worker
        if worker.is_idle and worker.is_restless:
            # Its function broke the language and goes on after its answer, at nobody's expense.
            _log.warning("worker.restless", serial=worker.serial)
            return True
        is_stale = now_s - bound.idle_since_s > self._settings.reuse_idle_s
        return is_stale or not worker.is_idle or worker.age_s > _OLDEST_S

    def close(self) -> None:
        """End every idle worker."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for bound in tuple(self._by_age):
            self._remove(bound)


def _hand_over(bound: Bound) -> bool:
    line = bound.bench.line
    while line:
        turn = line.popleft()
        if not turn.done():
            turn.set_result(bound)
            return True
    return False
