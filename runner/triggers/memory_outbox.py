"""The twin of the outbox that lives in memory: for embedding, trials and tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from runner.triggers.outbox import EventState, OutboxEvent, claimed
from sanderling.kernel.ids import WorkspaceId

Place = tuple[WorkspaceId, str]


class MemoryRecordOutbox:
    """Keep record events for as long as this process lives; one event loop owns it."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: dict[Place, OutboxEvent] = {}

    async def add(self, events: Sequence[OutboxEvent]) -> tuple[bool, ...]:
        """Keep new events; False for each that was known by its id."""
        added: list[bool] = []
        for event in events:
            place = (event.workspace_id, event.id)
            added.append(place not in self._kept)
            self._kept.setdefault(place, event)
        return tuple(added)

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[OutboxEvent]:
        """Return events that are due, earliest due first, claimed until then."""
        due = [
            event
            for event in self._kept.values()
            if event.state is EventState.WAITING
            and event.due_at <= now
            and (event.lease_until is None or event.lease_until <= now)
        ]
        due.sort(key=lambda event: (event.due_at, event.workspace_id, event.id))
        taken = [claimed(event, lease_until) for event in due[:limit]]
        for event in taken:
            self._kept[event.workspace_id, event.id] = event
        return taken

    async def settle(self, event: OutboxEvent) -> bool:
        """Write what became of an event that was claimed."""
        kept = self._kept.get((event.workspace_id, event.id))
        if kept is None or kept.fence != event.fence or kept.lease_until is None:
            return False
        self._kept[event.workspace_id, event.id] = replace(event, lease_until=None)
        return True

    async def find(self, workspace_id: WorkspaceId, event_id: str) -> OutboxEvent | None:
        """Return one event of this workspace."""
        return self._kept.get((workspace_id, event_id))

    async def count_waiting(self) -> int:
        """Return how many events of all workspaces wait."""
        return sum(event.state is EventState.WAITING for event in self._kept.values())

    async def forget(self, *, created_before: datetime, limit: int) -> int:
        """Remove at most `limit` events that do not wait any more."""
        old = [
            place
            for place, event in self._kept.items()
            if event.state is not EventState.WAITING and event.created_at < created_before
        ][:limit]
        for place in old:
            del self._kept[place]
        return len(old)
