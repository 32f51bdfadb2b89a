"""The port between what people write about triggers and where it happens."""

from dataclasses import dataclass
from typing import Protocol

from sanderling.api.record_event_models import AskedRecordEvents, RecordEventsAnswer
from sanderling.api.trigger_models import (
    AskedMove,
    AskedTrigger,
    AskedTriggerChange,
    ShownTrigger,
    TriggerPage,
)


@dataclass(frozen=True, slots=True)
class AskedTriggers:
    """Which triggers to list, and which part of the list; None means any."""

    function: str | None
    kind: str | None
    limit: int
    cursor: str | None


class TriggersTransport(Protocol):
    """Carry what is asked about triggers.

    Every implementation passes `tests/contract/test_client_triggers_contract.py`: same values,
    same refusals.
    """

    async def create(self, asked: AskedTrigger) -> ShownTrigger:
        """Create a trigger."""
        ...

    async def get(self, trigger_id: str) -> ShownTrigger:
        """Return one trigger."""
        ...

    async def list(self, asked: AskedTriggers) -> TriggerPage:
        """Return triggers by position."""
        ...

    async def change(self, trigger_id: str, asked: AskedTriggerChange) -> ShownTrigger:
        """Replace the settings of a trigger."""
        ...

    async def enable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make calls."""
        ...

    async def disable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make no further calls."""
        ...

    async def move(self, trigger_id: str, asked: AskedMove) -> ShownTrigger:
        """Put a trigger at another place."""
        ...

    async def announce(self, asked: AskedRecordEvents) -> RecordEventsAnswer:
        """Tell of changes of records."""
        ...

    async def delete(self, trigger_id: str) -> None:
        """Delete a trigger."""
        ...
