"""Forgets calls that are too old or too many, a few at a time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from runner.cursor import CallPlace
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import CallsForgotten, EventBus
from sanderling.kernel.ids import WorkspaceId

log = structlog.get_logger()

BATCH = 200
"""How many calls one transaction forgets: a few milliseconds of the one lock for writing."""

PAUSE_S = 0.05
"""How long everyone else may write between two such transactions."""


class HistoryStore(Protocol):
    """Know how much history there is, and forget the oldest of it.

    Several processes may forget at once: each call goes once, and none waits for another. When
    the database is away every method raises `StoreUnavailableError`; what was forgotten so far
    stays so.
    """

    async def list_workspaces(self) -> tuple[WorkspaceId, ...]:
        """Return the workspaces that may have history."""
        ...

    async def find_nth_newest(self, workspace_id: WorkspaceId, number: int) -> CallPlace | None:
        """Return where the call stands that only `number` - 1 others are newer than, if any."""
        ...

    async def forget_before(
        self, workspace_id: WorkspaceId, place: CallPlace, *, limit: int
    ) -> int:
        """Forget at most `limit` of the oldest calls before `place`; return how many it was.

        Attempts of an execution that has not ended are not forgotten.
        """
        ...


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long calls are kept: by age in days, and the newest so many of each workspace.

    0 keeps all.
    """

    max_age_days: int = 30
    max_count: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Swept:
    """How many calls a sweep has forgotten, by the reason."""

    by_age: int = 0
    by_count: int = 0


class Retention:
    """Forget calls by a policy; whoever owns the cadence calls `sweep`.

    Calls that are in flight have no record yet, and attempts of executions that have not ended
    are left alone: nothing that somebody still waits for is forgotten.
    """

    def __init__(
        self, store: HistoryStore, clock: Clock, bus: EventBus, policy: RetentionPolicy
    ) -> None:
        """Forget what is in `store`, and announce it on `bus`."""
        self._store = store
        self._clock = clock
        self._bus = bus
        self._policy = policy

    def follow(self, policy: RetentionPolicy) -> None:
        """Keep by `policy` from now on; a sweep that runs goes on by the old one."""
        self._policy = policy

    async def sweep(self) -> Swept:
        """Forget everything that is due, in small steps with pauses between them.

        Raises:
            StoreUnavailableError: the database is away; the next sweep goes on.

        """
        policy, by_age, by_count = self._policy, 0, 0
        for workspace_id in await self._store.list_workspaces():
            if policy.max_age_days:
                oldest = self._clock.now() - timedelta(days=policy.max_age_days)
                by_age += await self._forget(workspace_id, (oldest, ""), "age")
            if policy.max_count:
                last = await self._store.find_nth_newest(workspace_id, policy.max_count)
                if last is not None:
                    by_count += await self._forget(workspace_id, last, "count")
        if by_age or by_count:
            log.info("calls.forgotten", by_age=by_age, by_count=by_count)
        return Swept(by_age, by_count)

    async def _forget(self, workspace_id: WorkspaceId, place: CallPlace, reason: str) -> int:
        total = 0
        while gone := await self._store.forget_before(workspace_id, place, limit=BATCH):
            total += gone
            self._bus.publish(CallsForgotten(workspace_id, reason, gone))
            await self._clock.wait_s(PAUSE_S)
        return total
