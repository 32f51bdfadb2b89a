"""Turns and slots of one process, with the rules that all processes together have."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sanderling.fairness.cap import Cap, Shares, even_share
from sanderling.fairness.ports import CapReached, Slot, Turn
from sanderling.kernel.clock import Clock
from sanderling.kernel.fairorder import FairOrder
from sanderling.kernel.ids import WorkspaceId


def _now_us(clock: Clock) -> int:
    return clock.monotonic_ns() // 1000


@dataclass(slots=True)
class _Held:
    workspace_id: WorkspaceId
    asked: int
    until_us: int


class MemoryTurns:
    """Hand out the turns of this process; one event loop owns it."""

    def __init__(
        self, shares: Shares, clock: Clock, *, token: Callable[[], str], lease_s: float = 30.0
    ) -> None:
        """Keep to `shares`; `token` makes texts that never come twice."""
        self._shares = shares
        self._clock = clock
        self._token = token
        self._lease_us = round(lease_s * 1e6)
        self._order: FairOrder[WorkspaceId] = FairOrder()
        self._held: dict[str, _Held] = {}
        self._in_use: dict[WorkspaceId, int] = {}
        self._asked: dict[WorkspaceId, int] = {}
        self._fence = 0

    def follow(self, shares: Shares) -> None:
        """Keep to other caps from now on; turns above a lower one end as they end."""
        self._shares = shares

    @property
    def in_use(self) -> int:
        """How many turns are held, those whose time is up among them until the next is taken."""
        return len(self._held)

    async def ready(self, workspace_id: WorkspaceId) -> None:
        """Note that the workspace has work."""
        self._ready(workspace_id)

    def _ready(self, workspace_id: WorkspaceId) -> None:
        self._order.join(workspace_id)
        self._asked[workspace_id] = self._asked.get(workspace_id, 0) + 1

    async def take(self, holder: str) -> Turn | None:
        """Return the next turn, or None."""
        now_us = _now_us(self._clock)
        self._reap(now_us)
        shares = self._shares
        if shares.in_all and len(self._held) >= shares.in_all:
            return None
        workspace_id = self._next(shares)
        if workspace_id is None:
            return None
        self._order.charge(workspace_id)
        self._fence = max(self._fence + 1, now_us)
        token = f"{holder}:{self._token()}"
        self._held[token] = _Held(workspace_id, self._asked[workspace_id], now_us + self._lease_us)
        self._in_use[workspace_id] = self._in_use.get(workspace_id, 0) + 1
        return Turn(workspace_id, token, self._fence)

    def _next(self, shares: Shares) -> WorkspaceId | None:
        in_use, hard = self._in_use, shares.per_workspace
        soft = shares.soft or even_share(shares.in_all, len(self._order))
        return self._order.first(
            lambda each: not hard or in_use.get(each, 0) < hard,
            lambda each: not soft or in_use.get(each, 0) < soft,
        )

    def _reap(self, now_us: int) -> None:
        # In the order of taking and renewing, which with one length of lease is that of ending.
        while self._held:
            token = next(iter(self._held))
            if self._held[token].until_us > now_us:
                return
            self._ready(self._drop(token).workspace_id)

    def _drop(self, token: str) -> _Held:
        held = self._held.pop(token)
        left = self._in_use[held.workspace_id] - 1
        if left:
            self._in_use[held.workspace_id] = left
        else:
            del self._in_use[held.workspace_id]
        return held

    async def renew(self, turn: Turn) -> bool:
        """Hold a turn for another lease; False when it is lost."""
        now_us = _now_us(self._clock)
        held = self._held.get(turn.token)
        if held is None or held.until_us <= now_us:
            return False
        del self._held[turn.token]
        held.until_us = now_us + self._lease_us
        self._held[turn.token] = held
        return True

    async def give_back(self, turn: Turn, *, has_more: bool) -> None:
        """End a turn."""
        if turn.token not in self._held:
            return
        held = self._drop(turn.token)
        workspace_id = held.workspace_id
        if not has_more and self._asked.get(workspace_id) == held.asked:
            self._order.leave(workspace_id)
        if workspace_id not in self._order and workspace_id not in self._in_use:
            self._asked.pop(workspace_id, None)


class MemorySlots:
    """Count the slots of this process; one event loop owns it."""

    def __init__(self, clock: Clock, *, token: Callable[[], str]) -> None:
        """Start with none in use; `token` makes texts that never come twice."""
        self._clock = clock
        self._token = token
        self._held: dict[str, dict[str, int]] = {}

    async def acquire(
        self, caps: Sequence[Cap], *, holder: str, lease_s: float
    ) -> Slot | CapReached:
        """Take one place under each of `caps`, or under none."""
        return self.acquire_nowait(caps, holder=holder, lease_s=lease_s)

    def acquire_nowait(
        self, caps: Sequence[Cap], *, holder: str, lease_s: float
    ) -> Slot | CapReached:
        """As `acquire`, which never has to wait here."""
        for cap in caps:
            in_use = self.in_use(cap.key)
            if in_use >= cap.limit:
                return CapReached(cap, in_use)
        slot = Slot(f"{holder}:{self._token()}", tuple(caps), lease_s)
        self.note(slot)
        return slot

    def note(self, slot: Slot) -> None:
        """Count a slot that was acquired elsewhere, whatever the caps say."""
        until_us = _now_us(self._clock) + math.ceil(slot.lease_s * 1e6)
        for cap in slot.caps:
            self._held.setdefault(cap.key, {})[slot.token] = until_us

    def in_use(self, key: str) -> int:
        """Return how many slots are held under `key`."""
        held = self._held.get(key)
        if not held:
            return 0
        now_us = _now_us(self._clock)
        for token in [token for token, until_us in held.items() if until_us <= now_us]:
            del held[token]
        if not held:
            del self._held[key]
        return len(held)

    def holds(self, slot: Slot) -> bool:
        """Claim that `slot` is held under all of its caps."""
        now_us = _now_us(self._clock)
        return all(self._held.get(cap.key, {}).get(slot.token, 0) > now_us for cap in slot.caps)

    async def renew(self, slot: Slot) -> bool:
        """Hold a slot for another lease; False when it is lost under any of its caps."""
        if not self.holds(slot):
            return False
        self.note(slot)
        return True

    async def release(self, slot: Slot) -> None:
        """Give a slot back."""
        for cap in slot.caps:
            held = self._held.get(cap.key)
            if held is not None and held.pop(slot.token, None) is not None and not held:
                del self._held[cap.key]
