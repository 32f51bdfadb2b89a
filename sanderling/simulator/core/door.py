"""The control door `/_simulator`: what tests and people do behind a provider's back."""

from collections.abc import Callable, Mapping
from typing import Any

from sanderling.simulator.core.agenda import UnknownMeeting
from sanderling.simulator.core.doings import Doings
from sanderling.simulator.core.exchange import Answer, Asked, json_answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.mailbox import UnknownMail
from sanderling.simulator.core.routes import Route
from sanderling.simulator.core.world import UnknownPerson, World
from sanderling.simulator.core.writing import Undoable

_DOOR = "/_simulator"
_PERSON = f"{_DOOR}/people/{{email}}"
Deed = Callable[[Mapping[str, str], dict[str, Any]], object]


class Door:
    """Turn requests at the control door into doings."""

    def __init__(self, world: World) -> None:
        """Open on this world."""
        self._doings = Doings(world)

    def routes(self) -> list[Route]:
        """Return the routes of the door; nothing ever goes wrong with them."""
        doings = self._doings
        deeds: list[tuple[str, str, Deed]] = [
            ("GET", _DOOR, doings.show),
            ("PUT", f"{_DOOR}/faults", doings.set_faults),
            ("PUT", f"{_DOOR}/policy", doings.set_policy),
            ("POST", f"{_DOOR}/clock", doings.advance),
            ("POST", f"{_DOOR}/expire-cursors", doings.expire_cursors),
            ("POST", f"{_DOOR}/expire-tokens", doings.expire_tokens),
            ("POST", f"{_DOOR}/meter/reset", doings.reset_meter),
            ("POST", f"{_DOOR}/people", doings.settle),
            ("POST", f"{_PERSON}/tokens", doings.issue_tokens),
            ("POST", f"{_PERSON}/revoke", doings.revoke),
            ("POST", f"{_PERSON}/messages", doings.add_mail),
            ("PATCH", f"{_PERSON}/messages/{{number}}", doings.change_mail),
            ("DELETE", f"{_PERSON}/messages/{{number}}", doings.delete_mail),
            ("POST", f"{_PERSON}/events", doings.add_meeting),
            ("PATCH", f"{_PERSON}/events/{{number}}", doings.change_meeting),
            ("DELETE", f"{_PERSON}/events/{{number}}", doings.cancel_meeting),
        ]
        return [Route(method, path, _answering(deed), Point.FREE) for method, path, deed in deeds]


def _answering(deed: Deed) -> Callable[[Asked, Mapping[str, str]], Answer]:
    def handle(asked: Asked, names: Mapping[str, str]) -> Answer:
        given = asked.json_object() if asked.body else {}
        if given is None:
            return json_answer({"error": "the body is no JSON object"}, 400)
        try:
            return json_answer(deed(names, given))
        except (UnknownPerson, UnknownMail, UnknownMeeting) as unknown:
            return json_answer({"error": f"{type(unknown).__doc__} {unknown}"}, 404)
        except Undoable as refused:
            return json_answer({"error": str(refused)}, 400)

    return handle
