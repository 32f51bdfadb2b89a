"""Workers that belong to one version of one function and wait for its next call.

A worker never changes its owner: whoever it was bound to, it serves only that key until it ends.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from drivers.local.pool import Pool
from drivers.local.settings import LocalSettings
from drivers.local.worker import Worker
from drivers.port import ArtifactKey

_SWEEP_S = 5.0
_OLDEST_S = 600.0


@dataclass(slots=True)
class Bound:
    """A worker of one key, with what it has done; `memory_bytes` is reserved while it lives."""

    worker: Worker
    key: ArtifactKey
    memory_bytes: int
    calls: int = 0
    first_resident_bytes: int | None = None
    resident_bytes: int | None = None
    idle_since_s: float = 0.0

    def note_resident(self, resident_bytes: int | None) -> None:
        """Remember what the worker holds after a call, to see it grow."""
        self.resident_bytes = resident_bytes
        if self.first_resident_bytes is None:
            self.first_resident_bytes = resident_bytes


class BoundWorkers:
    """The idle ones of all keys, in order of use."""

    def __init__(self, pool: Pool, settings: LocalSettings) -> None:
        """Give workers back to `pool` when they are spent."""
        self._pool = pool
        self._settings = settings
        self._idle: dict[ArtifactKey, list[Bound]] = {}
        # Of all keys, the one that waits longest first; a bound worker is in it while it is idle.
        self._by_age: OrderedDict[int, Bound] = OrderedDict()
        self._sweeper: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._by_age)

    def take(self, key: ArtifactKey) -> Bound | None:
        """Return an idle worker of `key`, the one used last, or None."""
        idle = self._idle.get(key)
        while idle:
            bound = idle.pop()
            del self._by_age[id(bound)]
            if bound.worker.is_idle:
                return bound
            self.end(bound)
        return None

    def keep(self, bound: Bound) -> None:
        """Take a worker back after a clean call, or end it if it is spent."""
        if self._is_spent(bound):
            self.end(bound)
            return
        bound.idle_since_s = asyncio.get_running_loop().time()
        self._idle.setdefault(bound.key, []).append(bound)
        self._by_age[id(bound)] = bound
        if self._sweeper is None:
            self._sweep_later()
        if self._pool.waiting:
            # Somebody else waits for a process or for memory, and this one is idle.
            self.make_room()

    def _is_spent(self, bound: Bound) -> bool:
        worker = bound.worker
        if bound.calls >= self._settings.reuse_calls or worker.is_unfit or not worker.is_idle:
            return True
        if worker.age_s > _OLDEST_S:
            return True
        first, now = bound.first_resident_bytes, bound.resident_bytes
        if first is None or now is None:
            return False
        return now - first > self._settings.reuse_growth_bytes

    def end(self, bound: Bound) -> None:
        """End a worker that was taken and is not kept."""
        self._pool.release(bound.worker, bound.memory_bytes)

    def _remove(self, bound: Bound) -> None:
        del self._by_age[id(bound)]
        idle = self._idle[bound.key]
        idle.remove(bound)
        if not idle:
            del self._idle[bound.key]
        self.end(bound)

    def make_room(self) -> bool:
        """End the worker that has been idle longest; False when there is none."""
        if not self._by_age:
            return False
        self._remove(next(iter(self._by_age.values())))
        return True

    def drop(self, key: ArtifactKey) -> None:
        """End every idle worker of `key`."""
        for bound in tuple(self._idle.get(key, ())):
            self._remove(bound)

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for bound in tuple(self._by_age.values()):
            is_over = now_s - bound.idle_since_s > self._settings.reuse_idle_s
            if is_over or not bound.worker.is_idle:
                self._remove(bound)
        self._sweeper = None
        if self._by_age:
            self._sweep_later()

    def close(self) -> None:
        """End every idle worker."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for bound in tuple(self._by_age.values()):
            self._remove(bound)
