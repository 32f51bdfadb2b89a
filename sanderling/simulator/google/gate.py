"""What every method goes through: who asks, may they, and have they units left."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sanderling.simulator.core.exchange import Answer, Asked, json_answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.routes import Route
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google import errors
from sanderling.simulator.google.fields import FieldsRefused, Mask, parse_fields
from sanderling.simulator.google.scopes import ALLOWING


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that got through: who asks, with what scopes, for which fields."""

    person: Person
    scopes: frozenset[str]
    asked: Asked
    names: Mapping[str, str]
    mask: Mask | None

    def answer(self, value: dict[str, object]) -> Answer:
        """Answer with the fields of a value that were asked for."""
        return json_answer(self.mask.of(value) if self.mask else value)

    def number(self, name: str, default: int, most: int) -> int:
        """Return a count that was asked for, at most `most`.

        Raises:
            Refused: it is no positive number.

        """
        text = self.asked.one(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or int(text) == 0:
            raise errors.bad_value(name, text)
        return min(int(text), most)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a yes or no that was asked for.

        Raises:
            Refused: it is neither.

        """
        text = self.asked.one(name)
        if text is None:
            return default
        if text.lower() not in {"true", "false"}:
            raise errors.bad_value(name, text)
        return text.lower() == "true"


@dataclass(frozen=True, slots=True)
class Method:
    """One method of an API, by the name that its description gives it."""

    name: str
    verb: str
    path: str
    units: int
    handle: Callable[[Ask], Answer]
    point: Point = Point.ITEM


class Gate:
    """Turn methods into routes of one world."""

    def __init__(self, world: World) -> None:
        """Watch over this world."""
        self._world = world
        self._masks: dict[str, Mask | None] = {"": None}

    def routes(self, methods: Iterable[Method]) -> list[Route]:
        """Return a route for each method."""
        return [
            Route(method.verb, method.path, self._guarded(method), method.point)
            for method in methods
        ]

    def _guarded(self, method: Method) -> Callable[[Asked, Mapping[str, str]], Answer]:
        allowing = ALLOWING[method.name]

        def handle(asked: Asked, names: Mapping[str, str]) -> Answer:
            world = self._world
            grant = world.oauth.grant(asked.bearer)
            if grant is None:
                return errors.unauthorized()
            if not grant.scopes & allowing:
                message = "Request had insufficient authentication scopes."
                return errors.error(403, "insufficientPermissions", message)
            person = world.people[grant.email]
            if not world.meter.take(person.email, method.name, method.units, now=world.clock.now()):
                return errors.rate_limited(world.quota_status)
            if names.get("user", "me") not in {"me", person.email}:
                return errors.error(403, "forbidden", f"Delegation denied for {person.email}")
            try:
                return method.handle(Ask(person, grant.scopes, asked, names, self._mask(asked)))
            except errors.Refused as refused:
                return refused.answer

        return handle

    def _mask(self, asked: Asked) -> Mask | None:
        text = asked.one("fields") or ""
        if text not in self._masks:
            try:
                self._masks[text] = parse_fields(text)
            except FieldsRefused as refused:
                raise errors.bad_value("fields", text) from refused
        return self._masks[text]
