"""Turns and slots of each kind, on a clock that tests move."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

from sanderling.fairness.cap import Cap, CapName, Shares
from sanderling.fairness.memory import MemorySlots, MemoryTurns
from sanderling.kernel.clock import SystemClock, VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.redis import RedisScript, RedisSlots, RedisTurns, Sharing

KINDS: Final = ("memory", "redis")
LEASE_S: Final = 30.0

QUIET = WorkspaceId("ws_quiet")
NOISY = WorkspaceId("ws_noisy")
OTHER = WorkspaceId("ws_other")


def a_cap(limit: int = 1, *, key: str = "fn_1", name: CapName = CapName.FUNCTION) -> Cap:
    """Return a cap of `limit` under its own key."""
    return Cap(name, f"{name}:{key}", limit)


def _sharing(clock: VirtualClock, processes: int) -> Sharing:
    tokens = count(1)
    return Sharing(
        lambda: str(next(tokens)), lambda: processes, lambda: clock.monotonic_ns() // 1000
    )


def memory_turns(clock: VirtualClock, shares: Shares | None = None) -> MemoryTurns:
    """Return turns of this process."""
    tokens = count(1)
    return MemoryTurns(shares or Shares(), clock, token=lambda: str(next(tokens)), lease_s=LEASE_S)


@asynccontextmanager
async def redis_turns(
    url: str, clock: VirtualClock, shares: Shares | None = None, *, processes: int = 1
) -> AsyncGenerator[RedisTurns]:
    """Yield turns that a Redis keeps."""
    script = RedisScript(url, "turns", clock=SystemClock())
    sharing = _sharing(clock, processes)
    turns = RedisTurns(script, shares or Shares(), clock, sharing, lease_s=LEASE_S)
    yield turns
    await turns.close()


def memory_slots(clock: VirtualClock) -> MemorySlots:
    """Return slots of this process."""
    tokens = count(1)
    return MemorySlots(clock, token=lambda: str(next(tokens)))


@asynccontextmanager
async def redis_slots(
    url: str, clock: VirtualClock, *, processes: int = 1
) -> AsyncGenerator[RedisSlots]:
    """Yield slots that a Redis counts."""
    script = RedisScript(url, "slots", clock=SystemClock())
    slots = RedisSlots(script, clock, _sharing(clock, processes))
    yield slots
    await slots.close()
