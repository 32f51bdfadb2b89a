"""Lets calls to the driver in fair order, within the caps, and as soon as there is room.

Purpose: a workspace that floods this process with calls makes nobody else wait for its backlog.
Guarantees: no cap is passed; while there is room for the call whose turn it is, nobody waits; a
workspace, and a function within it, waits for others no longer than one turn of each; at most
`queue_limit` calls wait, and a line that is full turns away the youngest of whoever fills it.
A call that needs more memory than is free waits at the head: smaller ones do not pass it, or it
would wait for ever. It assumes one event loop, whose thread calls everything here.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from runner.fairness.concurrency import Concurrency, caps_of
from runner.fairness.refusal import Reason, TurnedAway, turned_away
from runner.target import Target
from sanderling.fairness.cap import CapName, even_share
from sanderling.fairness.ports import Slot, Slots
from sanderling.kernel.fairline import FairLine
from sanderling.kernel.ids import FunctionId, WorkspaceId

MOST_IDLE_TENANTS: Final = 10_000
_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 0.2
_LEAST_RETRY_AFTER_S: Final = 0.1
_SMOOTHING: Final = 0.1

_Member: TypeAlias = tuple[FunctionId, int | None]


@dataclass(slots=True, eq=False)
class _Waiter:
    target: Target
    granted: "asyncio.Future[TurnedAway | None]"


@dataclass(slots=True, eq=False)
class _Tenant:
    calls: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TurnstileStatistics:
    """How many calls are with the driver and how many wait now, and why others were turned away."""

    inside: int
    waiting: int
    turned_away: Mapping[Reason, int]


class Turnstile:
    """Count calls in and out; who finds no room waits for a turn."""

    def __init__(
        self,
        concurrency: Concurrency | None = None,
        *,
        slots: Slots | None = None,
        holder: str = "here",
    ) -> None:
        """Keep to `concurrency`, by default without caps.

        With `slots`, caps on calls hold over every process that counts there; `holder` is this
        one.
        """
        self._concurrency = concurrency or Concurrency()
        self._slots = slots
        self._holder = holder
        self._inside = 0
        self._memory_bytes = 0
        self._elsewhere = 0
        self._typical_s = _LEAST_RETRY_AFTER_S
        self._tenants: dict[WorkspaceId, _Tenant] = {}
        self._functions: dict[FunctionId, int] = {}
        self._line: FairLine[WorkspaceId, _Member, _Waiter] = FairLine()
        self._turned_away = Counter[Reason]()

    def follow(self, concurrency: Concurrency) -> None:
        """Keep to other caps from now on; calls above a lower one end as they end."""
        self._concurrency = concurrency
        self._grant()

    def statistics(self) -> TurnstileStatistics:
        """Return the numbers of this moment."""
        waiting = len(self._line) + self._elsewhere
        return TurnstileStatistics(self._inside, waiting, dict(self._turned_away))

    def enter_nowait(self, target: Target) -> bool:
        """Let a call in if there is room and nobody waits; `leave` follows then.

        False says nothing but that `enter` has to be asked.
        """
        # This is on the way of every call: it counts, and makes nothing.
        if len(self._line) or (self._slots is not None and self._is_capped(target)):
            return False
        return self._take(target)

    def leave(self, target: Target) -> None:
        """Let a call out, and the next one in."""
        self._inside -= 1
        self._memory_bytes -= target.limits.memory_bytes
        tenant = self._tenants[target.workspace_id]
        tenant.calls -= 1
        tenant.memory_bytes -= target.limits.memory_bytes
        if not tenant.calls and len(self._tenants) > MOST_IDLE_TENANTS:
            del self._tenants[target.workspace_id]
        if target.concurrency is not None:
            self._functions[target.function_id] -= 1
            if not self._functions[target.function_id]:
                del self._functions[target.function_id]
        if len(self._line):
            self._grant()

    async def enter(self, target: Target, *, lease_s: float) -> Slot | TurnedAway | None:
        """Wait for room; unless the call is turned away, `leave` or `leave_with` follows.

        A slot is returned where one is held in every process: for `lease_s` seconds, which is
        longer than the call can take. Whoever is cancelled leaves no trace.
        """
        if not self._has_place_in_line(target.workspace_id):
            return self._turn_away(Reason.LINE)
        reached: list[CapName] = []
        try:
            async with asyncio.timeout(self._concurrency.queue_wait_s):
                return await self._enter(target, lease_s, reached)
        except TimeoutError:
            self._note_wait(self._concurrency.queue_wait_s)
            return self._turn_away(self._reason(target, reached))

    async def leave_with(self, target: Target, slot: Slot | None) -> None:
        """Let a call out that came in by `enter`."""
        self.leave(target)
        if slot is not None and self._slots is not None:
            await self._slots.release(slot)

    async def _enter(
        self, target: Target, lease_s: float, reached: list[CapName]
    ) -> Slot | TurnedAway | None:
        pause_s = _FIRST_PAUSE_S
        while True:
            refused = await self._wait_inside(target)
            if refused is not None or self._slots is None or not self._is_capped(target):
                return refused
            slot = await self._acquire(self._slots, target, lease_s)
            if isinstance(slot, Slot):
                return slot
            reached[:] = [slot]
            self._elsewhere += 1
            try:
                await asyncio.sleep(pause_s)
            finally:
                self._elsewhere -= 1
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _acquire(self, slots: Slots, target: Target, lease_s: float) -> Slot | CapName:
        """Return a slot, or which cap is reached in all processes; the place is left then."""
        caps = caps_of(
            self._concurrency, target.workspace_id, target.function_id, target.concurrency
        )
        is_inside = False
        try:
            answer = await slots.acquire(caps, holder=self._holder, lease_s=lease_s)
            is_inside = isinstance(answer, Slot)
        finally:
            if not is_inside:
                self.leave(target)
        return answer if isinstance(answer, Slot) else answer.cap.name

    async def _wait_inside(self, target: Target) -> TurnedAway | None:
        """Return once the call is inside, or why it was turned out of the line."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter(target, loop.create_future())
        self._line.push(target.workspace_id, _member(target), waiter)
        self._grant()
        if waiter.granted.done():
            return waiter.granted.result()
        began_s = loop.time()
        try:
            refused = await waiter.granted
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        self._note_wait(loop.time() - began_s)
        return refused

    def _withdraw(self, waiter: _Waiter) -> None:
        target = waiter.target
        if self._line.remove(target.workspace_id, _member(target), waiter):
            # It may have stood at the head, for memory that others need less of.
            self._grant()
        elif not waiter.granted.cancelled() and waiter.granted.result() is None:
            self.leave(target)

    def _has_place_in_line(self, workspace_id: WorkspaceId) -> bool:
        if len(self._line) + self._elsewhere < self._concurrency.queue_limit:
            return True
        youngest = self._line.youngest_of_longest(than=workspace_id)
        if youngest is None:
            return False
        target = youngest.target
        self._line.remove(target.workspace_id, _member(target), youngest)
        if not youngest.granted.done():
            youngest.granted.set_result(self._turn_away(Reason.LINE))
        return True

    def _grant(self) -> None:
        here = self._concurrency.here
        while len(self._line) and not (here and self._inside >= here):
            waiter = self._line.first(
                may_group=self._may_workspace,
                may_member=self._may_function,
                is_preferred=self._is_below_share,
            )
            if waiter is None:
                return
            # Whoever was cancelled in this turn of the loop may not have run since.
            is_gone = waiter.granted.done()
            if not is_gone and not self._take(waiter.target):
                return
            self._line.pop(waiter.target.workspace_id, _member(waiter.target))
            if not is_gone:
                waiter.granted.set_result(None)

    def _take(self, target: Target) -> bool:
        concurrency, memory_bytes = self._concurrency, target.limits.memory_bytes
        tenant = self._tenants.get(target.workspace_id)
        if tenant is None:
            tenant = self._tenants[target.workspace_id] = _Tenant()
        if concurrency.here and self._inside >= concurrency.here:
            return False
        most_bytes = concurrency.memory_bytes
        # Alone it may go: the driver knows best what to say to a call that never fits.
        if most_bytes and self._inside and self._memory_bytes + memory_bytes > most_bytes:
            return False
        if concurrency.per_workspace and tenant.calls >= concurrency.per_workspace:
            return False
        if target.concurrency is not None:
            running = self._functions.get(target.function_id, 0)
            if running >= target.concurrency:
                return False
            self._functions[target.function_id] = running + 1
        self._inside += 1
        self._memory_bytes += memory_bytes
        tenant.calls += 1
        tenant.memory_bytes += memory_bytes
        return True

    def _may_workspace(self, workspace_id: WorkspaceId) -> bool:
        most = self._concurrency.per_workspace
        tenant = self._tenants.get(workspace_id)
        return not most or tenant is None or tenant.calls < most

    def _may_function(self, member: _Member) -> bool:
        function_id, most = member
        return most is None or self._functions.get(function_id, 0) < most

    def _is_below_share(self, workspace_id: WorkspaceId) -> bool:
        concurrency, tenant = self._concurrency, self._tenants.get(workspace_id)
        if tenant is None or not tenant.calls:
            return True
        if concurrency.soft:
            return tenant.calls < concurrency.soft
        waiting = self._line.groups
        if concurrency.here and tenant.calls >= even_share(concurrency.here, waiting):
            return False
        most_bytes = concurrency.memory_bytes
        return not most_bytes or tenant.memory_bytes < even_share(most_bytes, waiting)

    def _is_capped(self, target: Target) -> bool:
        concurrency = self._concurrency
        return bool(
            target.concurrency is not None or concurrency.per_workspace or concurrency.in_all
        )

    def _note_wait(self, waited_s: float) -> None:
        self._typical_s += _SMOOTHING * (waited_s - self._typical_s)

    def _reason(self, target: Target, reached: list[CapName]) -> Reason:
        if reached:
            return Reason(reached[0])
        if not self._may_function(_member(target)):
            return Reason.FUNCTION
        return Reason.ALL if self._may_workspace(target.workspace_id) else Reason.WORKSPACE

    def _turn_away(self, reason: Reason) -> TurnedAway:
        self._turned_away[reason] += 1
        return turned_away(reason, max(_LEAST_RETRY_AFTER_S, round(self._typical_s, 3)))


def _member(target: Target) -> _Member:
    return target.function_id, target.concurrency
