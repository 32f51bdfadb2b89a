"""What people do with triggers."""

from collections.abc import Mapping, Sequence

from runner.function import is_name
from runner.triggers.errors import TriggerUnknown
from runner.triggers.trigger import TriggerKind
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.record_event_models import AskedRecordEvents, RecordEventsAnswer
from sanderling.api.trigger_models import (
    AskedMove,
    AskedTrigger,
    AskedTriggerChange,
    ShownTrigger,
    TriggerPage,
)
from sanderling.client.asked import asked_body, page_place
from sanderling.client.triggers_transport import AskedTriggers, TriggersTransport
from sanderling.kernel.ids import is_id

MANY = 50


def http_settings(  # noqa: PLR0913 - each is one setting of a route.
    path: str,
    *,
    method: str = "POST",
    is_auth_required: bool = True,
    forwarded_request_headers: Sequence[str] = (),
    event: str = "request",
    reply: str = "result",
    is_queued: bool = False,
) -> dict[str, object]:
    """Return the settings of an HTTP trigger, as `change` takes them."""
    return {
        "kind": "http",
        "path": path,
        "http_method": method,
        "is_auth_required": is_auth_required,
        "forwarded_request_headers": list(forwarded_request_headers),
        "event": event,
        "reply": reply,
        "is_queued": is_queued,
    }


def record_settings(event_name: str, *, updated_fields: Sequence[str] = ()) -> dict[str, object]:
    """Return the settings of a record trigger, as `change` takes them."""
    return {"kind": "record", "event_name": event_name, "updated_fields": list(updated_fields)}


def cron_settings(  # noqa: PLR0913 - each is one setting of a schedule.
    expression: str,
    *,
    zone: str = "UTC",
    catch_up: str = "one",
    catch_up_most: int = 10,
    overlap: str = "skip",
    jitter_s: int = 0,
    payload: object = None,
) -> dict[str, object]:
    """Return the settings of a cron trigger, as `change` takes them; no payload is `{}`."""
    return {
        "kind": "cron",
        "expression": expression,
        "zone": zone,
        "catch_up": catch_up,
        "catch_up_most": catch_up_most,
        "overlap": overlap,
        "jitter_s": jitter_s,
        "payload": {} if payload is None else payload,
    }


class Triggers:
    """What can be done with triggers."""

    def __init__(self, transport: TriggersTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def create(
        self, function: str, settings: Mapping[str, object], *, is_enabled: bool = True
    ) -> ShownTrigger:
        """Create a trigger behind all others.

        `http_settings`, `record_settings` and `cron_settings` make settings.

        Raises:
            TriggerRefused: a setting does not fit.
            FunctionUnknown: the workspace has no such function.
            TriggersFull: it has as many triggers as it may.

        """
        members = {"function": function, "settings": dict(settings), "is_enabled": is_enabled}
        return await self._transport.create(asked_body(AskedTrigger, members))

    async def get(self, trigger_id: str) -> ShownTrigger:
        """Return one trigger; `shadowed_by` is the one before it that takes all its requests.

        `next_runs` are the next five moments of a cron trigger.
        """
        return await self._transport.get(_known(trigger_id))

    async def list(
        self,
        *,
        function: str | None = None,
        kind: str | None = None,
        limit: int = MANY,
        cursor: str | None = None,
    ) -> TriggerPage:
        """Return triggers by position: the first HTTP trigger that takes a request gets it."""
        if function is not None and not is_name(function):
            raise _refused("function", "it is not the name of a function")
        if kind is not None and kind not in set(TriggerKind):
            raise _refused("kind", f"it is {' or '.join(TriggerKind)}")
        place = page_place(limit, cursor)
        return await self._transport.list(AskedTriggers(function, kind, place.limit, place.cursor))

    async def change(self, trigger_id: str, settings: Mapping[str, object]) -> ShownTrigger:
        """Replace the settings as a whole; what is left out has its default again."""
        asked = asked_body(AskedTriggerChange, {"settings": dict(settings)})
        return await self._transport.change(_known(trigger_id), asked)

    async def enable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make calls."""
        return await self._transport.enable(_known(trigger_id))

    async def disable(self, trigger_id: str) -> ShownTrigger:
        """Let a trigger make no further calls."""
        return await self._transport.disable(_known(trigger_id))

    async def move(self, trigger_id: str, *, before: str | None) -> ShownTrigger:
        """Put a trigger just before another one, or, with None, behind all."""
        asked = asked_body(AskedMove, {"before": before})
        return await self._transport.move(_known(trigger_id), asked)

    async def announce(self, events: Sequence[Mapping[str, object]]) -> RecordEventsAnswer:
        """Tell of at most 1000 changes of records, each with a result of its own.

        An event has `id`, `object`, `operation`, `record_id` and `happened_at`, and may have
        `before`, `after` and `updated_fields`. The same id again is the same change: nothing is
        called for it a second time.
        """
        asked = asked_body(AskedRecordEvents, {"events": [dict(event) for event in events]})
        return await self._transport.announce(asked)

    async def delete(self, trigger_id: str) -> None:
        """Delete a trigger; calls that it made stay."""
        await self._transport.delete(_known(trigger_id))


def _known(trigger_id: str) -> str:
    # A text that is no id is not sent, for it could be another route.
    if not is_id(trigger_id, "trg"):
        raise TriggerUnknown(trigger_id=trigger_id)
    return trigger_id


def _refused(field: str, message: str) -> RequestInvalid:
    return RequestInvalid([Misfit("query", field, message)])
