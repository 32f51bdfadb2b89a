"""Who lives in a simulated world: read from a file, or one person made up."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from sanderling.kernel.errors import Refusal
from sanderling.simulator.core.world import World


class PopulationRefused(Refusal):
    """The seed file cannot be used: {reason}.

    Write JSON such as [{{"email": "ada@example.com", "messages": 100, "events": 20, "seed": 1}}].
    """

    code: ClassVar[str] = "population_refused"

    def __init__(self, *, reason: str) -> None:
        """Keep what is wrong with it."""
        super().__init__(reason=reason)


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """Someone who is to live in a world, with everything made from the seed."""

    email: str
    name: str = ""
    messages: int = 0
    events: int = 0
    seed: int = 0


def read_population(text: str, *, messages: int, events: int) -> tuple[Inhabitant, ...]:
    """Return who a file names; who has no counts of their own gets these.

    Raises:
        PopulationRefused: it is no such list.

    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PopulationRefused(reason=f"it is no JSON ({error})") from error
    if not isinstance(found, list) or not found:
        raise PopulationRefused(reason="it is no list of people")
    people = cast("Any", found)
    return tuple(_inhabitant(given, messages, events) for given in people)


def _inhabitant(given: Any, messages: int, events: int) -> Inhabitant:
    try:
        wanted: dict[str, Any] = {"messages": messages, "events": events, **given}
        inhabitant = Inhabitant(**wanted)
    except TypeError as error:
        raise PopulationRefused(reason=f"{error}".replace("Inhabitant.__init__() ", "")) from error
    counts = (inhabitant.messages, inhabitant.events, inhabitant.seed)
    if type(inhabitant.email) is not str or "@" not in inhabitant.email:
        raise PopulationRefused(reason=f"{inhabitant.email!r} is no address")
    if any(type(count) is not int or count < 0 for count in counts):
        raise PopulationRefused(reason="messages, events and seed are whole numbers from 0")
    return inhabitant


def populate(world: World, people: tuple[Inhabitant, ...]) -> None:
    """Let everybody settle."""
    for who in people:
        world.settle(who.email, who.name, mails=who.messages, meetings=who.events, seed=who.seed)
