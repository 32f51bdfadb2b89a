"""What every method of Graph goes through: who asks, may they, and not too many at once."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sanderling.simulator.core.exchange import Answer, Asked, json_answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.routes import Route
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.microsoft import errors
from sanderling.simulator.microsoft.scopes import ALLOWING, plain

V1 = "/v1.0"
_MOST_AT_ONCE = 4
_PAGE_SIZE = re.compile(r"odata\.maxpagesize=\"?(\d+)")
Value = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that got through, and who asks."""

    person: Person
    asked: Asked
    names: Mapping[str, str]
    scopes: frozenset[str]

    def prefers(self, text: str) -> bool:
        """Claim that the header Prefer holds this, however it is quoted and spaced."""
        return text.lower() in self.asked.headers.get("prefer", "").replace('"', "").lower()

    def page_size(self, default: int, most: int) -> int:
        """Return how many items a page of a walk holds."""
        found = _PAGE_SIZE.search(self.asked.headers.get("prefer", ""))
        return min(max(1, int(found[1])), most) if found else default

    def number(self, name: str, default: int, most: int) -> int:
        """Return a count that was asked for.

        Raises:
            Refused: it is no number.

        """
        text = self.asked.one(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit():
            raise errors.bad_request("BadRequest", f"Invalid value for {name}.")
        return min(int(text), most)

    def selected(self, value: Value, select: str | None = None) -> Value:
        """Return the properties that were asked for; annotations and the id are always there."""
        text = self.asked.one("$select") if select is None else select
        if not text:
            return {name: kept for name, kept in value.items() if name not in _ON_REQUEST}
        wanted = {name.strip() for name in text.split(",")} | {"id"}
        unknown = wanted - value.keys()
        if unknown:
            message = f"Could not find a property named '{min(unknown)}'."
            raise errors.bad_request("RequestBroker--ParseUri", message)
        return {name: kept for name, kept in value.items() if name in wanted or "@" in name}

    def link(self, **query: str) -> str:
        """Return the absolute address of this path with another query, `_` standing for `$`."""
        pairs = "&".join(f"${name.removeprefix('_')}={value}" for name, value in query.items())
        return f"{self.asked.base_url}{self.asked.path}?{pairs}"

    def answer(self, context: str, value: Value) -> Answer:
        """Answer with one value or, where it holds `value`, a collection."""
        head = {"@odata.context": f"{self.asked.base_url}{V1}/$metadata#{context}"}
        answer = json_answer({**head, **value})
        return answer.having(preference_applied=self.asked.headers.get("prefer", ""))


_ON_REQUEST = frozenset({"internetMessageHeaders"})


@dataclass(frozen=True, slots=True)
class Method:
    """One method of Graph, by a name of the simulator's own."""

    name: str
    path: str
    handle: Callable[[Ask], Answer]
    point: Point = Point.ITEM
    verb: str = "GET"


class Gate:
    """Turn methods into routes of one world."""

    def __init__(self, world: World) -> None:
        """Watch over this world."""
        self._world = world

    def routes(self, methods: Iterable[Method]) -> list[Route]:
        """Return a route for each method."""
        return [
            Route(method.verb, f"{V1}{method.path}", self._guarded(method), method.point)
            for method in methods
        ]

    def _guarded(self, method: Method) -> Callable[[Asked, Mapping[str, str]], Answer]:
        allowing = ALLOWING[method.name]

        def handle(asked: Asked, names: Mapping[str, str]) -> Answer:
            world = self._world
            grant = world.oauth.grant(asked.bearer)
            if grant is None:
                return errors.unauthorized()
            scopes = plain(grant.scopes)
            if not scopes & allowing:
                message = "Access is denied. Check credentials and try again."
                return errors.error(403, "ErrorAccessDenied", message)
            person = world.people[grant.email]
            if world.present[asked.bearer] > _MOST_AT_ONCE:
                return errors.throttled("MailboxConcurrency")
            if not world.meter.take(person.email, method.name, 1, now=world.clock.now()):
                return errors.throttled(retry_after=str(errors.RETRY_AFTER_S))
            try:
                return method.handle(Ask(person, asked, names, scopes))
            except errors.Refused as refused:
                return refused.answer

        return handle
