"""Microsoft's world and its site, as they are started."""

from collections.abc import Mapping
from typing import Any, cast

from sanderling.kernel.clock import Clock
from sanderling.simulator.core.exchange import Answer, Asked, json_answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.mail import Genre
from sanderling.simulator.core.oauth import AuthorizationServer, Client, Policy
from sanderling.simulator.core.placing import Placing
from sanderling.simulator.core.routes import Handle, Route
from sanderling.simulator.core.site import Site, Voice
from sanderling.simulator.core.timepiece import Timepiece
from sanderling.simulator.core.world import Naming, Person, UnknownPerson, World
from sanderling.simulator.microsoft import ids
from sanderling.simulator.microsoft.batch import Batch
from sanderling.simulator.microsoft.calendar import Calendar
from sanderling.simulator.microsoft.errors import error, fault_answer
from sanderling.simulator.microsoft.event import original_of
from sanderling.simulator.microsoft.folders import ROOT, UnknownFolder
from sanderling.simulator.microsoft.gate import Ask, Gate, Method
from sanderling.simulator.microsoft.mail import Mails
from sanderling.simulator.microsoft.office import Office
from sanderling.simulator.microsoft.sign_in import SignIn
from sanderling.simulator.microsoft.subscriptions import LIFE_EVENTS, Subscriptions

_INBOX = frozenset({"inbox"})
PLACING = Placing(
    {
        **dict.fromkeys(Genre, _INBOX),
        Genre.SENT: frozenset({"sentitems"}),
        Genre.DRAFT: frozenset({"drafts"}),
        Genre.ARCHIVED: frozenset({"archive"}),
        Genre.SPAM: frozenset({"junkemail"}),
        Genre.TRASHED: frozenset({"deleteditems"}),
    }
)
_PERSON = "/_simulator/people/{email}"


def microsoft_world(
    clock: Clock, *, seed: int = 0, clients: tuple[Client, ...] = (Client(),)
) -> World:
    """Return a world in which nobody lives yet; its refresh tokens are good once."""
    timepiece = Timepiece(clock)
    return World(
        clock=timepiece,
        placing=PLACING,
        naming=Naming(mail=ids.message_id, meeting=_meeting_id),
        oauth=AuthorizationServer(timepiece, clients, Policy(rotates=True), seed),
    )


def microsoft_site(world: World, office: Office | None = None) -> Site:
    """Return the site of a world: sign-in and Graph in one."""
    office = office or Office(world)
    methods = [Method("me.get", "/me", _me), *Mails(office).methods()]
    subscriptions = Subscriptions(office)
    methods += [*Calendar(office).methods(), *subscriptions.methods()]
    routes = Gate(world).routes(methods)
    voice = Voice(fault=fault_answer, unknown_path=_unknown_path)
    doors = _door_routes(office, subscriptions)
    batch = Batch(world, routes).routes()
    return Site(world, [*doors, *SignIn(office).routes(), *batch, *routes], voice)


def _meeting_id(person: Person, number: int) -> str:
    meeting = person.agenda.get(number)
    if meeting.master is None or meeting.original_start is None:
        return ids.event_id(person, ids.EventId(number))
    original = original_of(meeting.original_start)
    return ids.event_id(person, ids.EventId(meeting.master, original))


def _me(ask: Ask) -> Answer:
    person = ask.person
    value: dict[str, object] = {
        "id": person.subject,
        "displayName": person.name,
        "mail": person.email,
        "userPrincipalName": person.email,
        "proxyAddresses": [f"SMTP:{person.email}", *(f"smtp:{name}" for name in person.aliases)],
    }
    return ask.answer("users/$entity", ask.selected(value))


def _unknown_path(_: Asked) -> Answer:
    return error(400, "BadRequest", "Resource not found for the segment.")


def _door_routes(office: Office, subscriptions: Subscriptions) -> list[Route]:
    """Return what people do with folders, and what administrators and policies demand."""
    deeds: list[tuple[str, str, Handle]] = [
        ("POST", f"{_PERSON}/folders", _adding(office)),
        ("DELETE", f"{_PERSON}/folders/{{folder}}", _removing(office)),
        ("POST", f"{_PERSON}/interaction", _demanding(office)),
        ("PUT", "/_simulator/consent", _consenting(office)),
        ("POST", f"{_PERSON}/lifecycle", _telling(office, subscriptions)),
    ]
    return [Route(method, path, handle, Point.FREE) for method, path, handle in deeds]


def _given(asked: Asked) -> dict[str, Any]:
    given: Any = asked.json()
    return cast("dict[str, Any]", given) if isinstance(given, dict) else {}


def _adding(office: Office) -> Handle:
    def handle(asked: Asked, names: Mapping[str, str]) -> Answer:
        given = _given(asked)
        try:
            person = office.world.person(names["email"])
            parent = str(given.get("parent", ROOT))
            made = office.folders(person).add(str(given.get("name", "New")), parent=parent)
        except (UnknownFolder, UnknownPerson) as unknown:
            return json_answer({"error": f"{type(unknown).__doc__} {unknown}"}, 404)
        return json_answer({"place": made.key, "id": ids.folder_id(person, made.key)})

    return handle


def _removing(office: Office) -> Handle:
    def handle(_: Asked, names: Mapping[str, str]) -> Answer:
        try:
            office.remove_folder(office.world.person(names["email"]), names["folder"])
        except (UnknownFolder, UnknownPerson) as unknown:
            return json_answer({"error": f"{type(unknown).__doc__} {unknown}"}, 404)
        return json_answer({})

    return handle


def _demanding(office: Office) -> Handle:
    def handle(_: Asked, names: Mapping[str, str]) -> Answer:
        office.interaction_required.add(names["email"])
        return json_answer({})

    return handle


def _consenting(office: Office) -> Handle:
    def handle(asked: Asked, _: Mapping[str, str]) -> Answer:
        office.needs_admin = bool(_given(asked).get("needs_admin", False))
        return json_answer({"needs_admin": office.needs_admin})

    return handle


def _telling(office: Office, subscriptions: Subscriptions) -> Handle:
    def handle(asked: Asked, names: Mapping[str, str]) -> Answer:
        event = str(_given(asked).get("event", ""))
        if event not in LIFE_EVENTS:
            return json_answer({"error": f"event is one of {', '.join(LIFE_EVENTS)}"}, 400)
        try:
            person = office.world.person(names["email"])
        except UnknownPerson as unknown:
            return json_answer({"error": f"{type(unknown).__doc__} {unknown}"}, 404)
        return json_answer({"told": subscriptions.tell_life(person, event)})

    return handle
