"""Which call people ask to make again, checked before it goes anywhere."""

from enum import Enum

from drivers.limits import CEILINGS
from runner.call import Selector
from runner.replays import AskedReplay
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.replays import SAME
from sanderling.client.asked import known_number
from sanderling.kernel.jsontext import JSON, encode


class Kept(Enum):
    """Stands for the event that is kept with the call: null is an event of its own."""

    KEPT = "kept"


KEPT = Kept.KEPT


def asked_replay(
    call_id: str, event: "JSON | Kept", *, version: str | int, timeout_s: float | None
) -> AskedReplay:
    """Return the replay that was asked for.

    Raises:
        InvalidJSON: the event has no strict JSON form.
        RequestInvalid: the version or the timeout does not fit.

    """
    if timeout_s is not None and not 0 < timeout_s <= CEILINGS["wall_s"]:
        message = f"it is above 0 and at most {CEILINGS['wall_s']:g}"
        raise RequestInvalid([Misfit("query", "timeout_s", message)])
    event_json = None if isinstance(event, Kept) else encode(event)
    return AskedReplay(call_id, event_json, _version(version), timeout_s)


def _version(version: str | int) -> Selector | int | None:
    if version == SAME:
        return None
    if isinstance(version, int):
        return known_number(version, place="body")
    if version in set(Selector):
        return Selector(version)
    message = "it is live, same, draft or a version's number"
    raise RequestInvalid([Misfit("body", "version", message)])
