"""Record events that wait for the functions that watch them, and the port that keeps them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.ids import TriggerId, WorkspaceId
from sanderling.kernel.jsontext import JSON, encode


class EventState(StrEnum):
    """Where a record event is; the last two are for good."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One change of a record as it is kept.

    `id` is the event's own, of whoever made it; in a workspace it names one change. `event_json`
    is what functions are given. `delivered` are the triggers whose calls are queued already, so
    that another attempt is made for the others alone. `fence` counts each claim: an effect under
    an older one is refused.
    """

    workspace_id: WorkspaceId
    id: str
    object: str
    operation: RecordOperation
    updated_fields: tuple[str, ...]
    event_json: bytes
    created_at: datetime
    due_at: datetime
    state: EventState = EventState.WAITING
    attempts: int = 0
    delivered: tuple[TriggerId, ...] = ()
    lease_until: datetime | None = None
    fence: int = 0
    detail: str = ""


def outbox_event(
    changed: RecordChanged, now: datetime, write: Callable[[JSON], bytes] = encode
) -> OutboxEvent:
    """Return a change as it is kept, due at once.

    Whoever knows what is in it may `write` it in a quicker way, to the same JSON.

    Raises:
        InvalidJSON: `before` or `after` has no strict JSON form.

    """
    event = write(
        {
            "id": changed.event_id,
            "name": changed.name,
            "objectName": changed.object,
            "operation": changed.operation.value,
            "recordId": changed.record_id,
            "happenedAt": changed.happened_at.isoformat().replace("+00:00", "Z"),
            "properties": {
                "before": changed.before,
                "after": changed.after,
                "updatedFields": list(changed.updated_fields),
            },
        }
    )
    return OutboxEvent(
        workspace_id=changed.workspace_id,
        id=changed.event_id,
        object=changed.object,
        operation=changed.operation,
        updated_fields=changed.updated_fields,
        event_json=event,
        created_at=now,
        due_at=now,
    )


def claimed(event: OutboxEvent, lease_until: datetime) -> OutboxEvent:
    """Return a waiting event with its next attempt begun."""
    return replace(
        event, attempts=event.attempts + 1, fence=event.fence + 1, lease_until=lease_until
    )


class RecordOutbox(Protocol):
    """Keep record events until the functions that watch them are called.

    Its rows are the truth: whatever else is lost is found again from them. Moments come from the
    caller. When the database is away every method raises `StoreUnavailableError` and nothing was
    changed.
    """

    async def add(self, events: Sequence[OutboxEvent]) -> tuple[bool, ...]:
        """Keep new events, all in one transaction; False for each that was known by its id.

        The first one of an id stays as it is, also when the same id comes twice in one call.
        """
        ...

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[OutboxEvent]:
        """Return events that are due, of any workspace, earliest due first, claimed until then.

        Those that somebody else holds are left out until that lease ran out. Several that claim
        at once get different ones.
        """
        ...

    async def settle(self, event: OutboxEvent) -> bool:
        """Write state, due time, delivered triggers and detail of an event that was claimed.

        The lease is given back. False when another claim has been made since; nothing was changed.
        """
        ...

    async def find(self, workspace_id: WorkspaceId, event_id: str) -> OutboxEvent | None:
        """Return one event of this workspace."""
        ...

    async def count_waiting(self) -> int:
        """Return how many events of all workspaces wait."""
        ...

    async def forget(self, *, created_before: datetime, limit: int) -> int:
        """Remove at most `limit` events that do not wait any more; return how many it was.

        Until then an event that comes again is known by its id.
        """
        ...
