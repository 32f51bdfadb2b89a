"""The twin of the store of heartbeats that lives in memory: for embedding, trials and tests.

It belongs to one event loop; no method waits, so each one is atomic.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from jobs.heartbeats import Heartbeat, SeenHeartbeat
from sanderling.kernel.clock import Clock


class MemoryHeartbeatStore:
    """Keep heartbeats for as long as this process lives."""

    def __init__(self, clock: Clock) -> None:
        """Start empty; ages are told by `clock`."""
        self._clock = clock
        self._kept: dict[str, tuple[Heartbeat, datetime]] = {}

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Keep a heartbeat, in the place of the one before."""
        self._kept[heartbeat.process.id] = (heartbeat, self._clock.now())

    async def heartbeats(self) -> Sequence[SeenHeartbeat]:
        """Return the last heartbeat of each process, sorted by kind, host and id."""
        now = self._clock.now()
        seen = (
            SeenHeartbeat(heartbeat, seen_at, max(0.0, (now - seen_at).total_seconds()))
            for heartbeat, seen_at in self._kept.values()
        )
        return sorted(seen, key=lambda each: _place(each.heartbeat))

    async def withdraw(self, process_id: str) -> None:
        """Forget a process that ends."""
        self._kept.pop(process_id, None)

    async def reap(self, *, older_than_s: float) -> int:
        """Forget processes that said nothing for longer than that."""
        before = self._clock.now() - timedelta(seconds=older_than_s)
        old = [name for name, (_, seen_at) in self._kept.items() if seen_at < before]
        for name in old:
            del self._kept[name]
        return len(old)


def _place(heartbeat: Heartbeat) -> tuple[str, str, str]:
    return heartbeat.process.kind, heartbeat.process.host, heartbeat.process.id
