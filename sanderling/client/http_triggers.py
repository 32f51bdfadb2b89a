"""Triggers over HTTP."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from pydantic import BaseModel

from sanderling.api.record_event_models import AskedRecordEvents, RecordEventsAnswer
from sanderling.api.trigger_models import (
    AskedMove,
    AskedTrigger,
    AskedTriggerChange,
    ShownTrigger,
    TriggerPage,
)
from sanderling.client.triggers_transport import AskedTriggers

Answer = TypeVar("Answer", bound=BaseModel)


class _Connection(Protocol):
    async def read(
        self, path: str, model: type[Answer], query: Mapping[str, str] | None = None
    ) -> Answer: ...

    async def write(
        self, method: str, path: str, model: type[Answer], asked: BaseModel | None = None
    ) -> Answer: ...

    async def remove(self, path: str) -> None: ...


class HTTPTriggers:
    """Ask a server for its triggers."""

    def __init__(self, connection: _Connection) -> None:
        """Speak over `connection`."""
        self._connection = connection

    async def create(self, asked: AskedTrigger) -> ShownTrigger:
        """Create a trigger."""
        return await self._connection.write("POST", "/v1/triggers", ShownTrigger, asked)

    async def get(self, trigger_id: str) -> ShownTrigger:
        """Return one trigger."""
        return await self._connection.read(f"/v1/triggers/{trigger_id}", ShownTrigger)

    async def list(self, asked: AskedTriggers) -> TriggerPage:
        """Return triggers by position."""
        asked_for = {"function": asked.function, "kind": asked.kind, "cursor": asked.cursor}
        query = {name: value for name, value in asked_for.items() if value is not None}
        query["limit"] = str(asked.limit)
        return await self._connection.read("/v1/triggers", TriggerPage, query)

    async def change(self, trigger_id: str, asked: AskedTriggerChange) -> ShownTrigger:
        """Replace the settings of a trigger."""
        path = f"/v1/triggers/{trigger_id}"
        return await self._connection.write("PUT", path, ShownTrigger, asked)

    async def enable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make calls."""
        path = f"/v1/triggers/{trigger_id}/enable"
        return await self._connection.write("POST", path, ShownTrigger)

    async def disable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make no further calls."""
        path = f"/v1/triggers/{trigger_id}/disable"
        return await self._connection.write("POST", path, ShownTrigger)

    async def move(self, trigger_id: str, asked: AskedMove) -> ShownTrigger:
        """Put a trigger at another place."""
        path = f"/v1/triggers/{trigger_id}/move"
        return await self._connection.write("POST", path, ShownTrigger, asked)

    async def announce(self, asked: AskedRecordEvents) -> RecordEventsAnswer:
        """Tell of changes of records."""
        path = "/v1/record-events"
        return await self._connection.write("POST", path, RecordEventsAnswer, asked)

    async def delete(self, trigger_id: str) -> None:
        """Delete a trigger."""
        await self._connection.remove(f"/v1/triggers/{trigger_id}")
