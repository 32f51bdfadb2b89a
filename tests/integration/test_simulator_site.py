"""A simulated site serves, fails on purpose and lets itself be controlled."""

from collections.abc import Mapping
from dataclasses import replace

import httpx2
import pytest

from sanderling.simulator.core.exchange import Answer, Asked, Manner, json_answer
from sanderling.simulator.core.faults import FaultKind, Faults, Point
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.meter import Meter
from sanderling.simulator.core.routes import Route
from sanderling.simulator.core.site import Site
from support.loopback import serving
from support.simulated import START, asking, plain_voice, small_world

ADA = "/_simulator/people/ada@example.com"


def _site() -> Site:
    """Return a site with one item, one page and somebody who lives there."""
    world = small_world()
    world.settle("ada@example.com", mails=3, meetings=2)

    def handle(asked: Asked, names: Mapping[str, str]) -> Answer:
        return json_answer({"path": asked.path, "names": dict(names), "fault": asked.fault})

    routes = [Route("GET", "/items/{id}", handle), Route("GET", "/items", handle, Point.PAGE)]
    return Site(world, routes, plain_voice())


def _door(
    site: Site, method: str, path: str, given: object = None
) -> tuple[int, dict[str, object]]:
    answer = site.answer(asking(method, path, given))
    found: dict[str, object] = Asked("GET", "/", body=answer.body).json()
    return answer.status, found


def test_a_route_gets_what_stands_in_its_names() -> None:
    """The path finds its handler; another path or method is the provider's to refuse."""
    site = _site()

    answer = site.answer(asking("GET", "/items/7"))

    assert b'"id":"7"' in answer.body
    assert site.answer(asking("GET", "/items/7/8")).status == 404
    assert site.answer(asking("POST", "/items/7")).status == 404


@pytest.mark.parametrize(
    ("kind", "status", "manner"),
    [
        (FaultKind.RESET_BEFORE, 0, Manner.RESET),
        (FaultKind.RESET_AFTER, 0, Manner.RESET),
        (FaultKind.ERROR_503, 599, Manner.WHOLE),
        (FaultKind.RATE_429_DATE, 599, Manner.WHOLE),
        (FaultKind.HTML, 200, Manner.WHOLE),
        (FaultKind.TRUNCATED, 200, Manner.WHOLE),
        (FaultKind.DRIP, 200, Manner.DRIP),
    ],
)
def test_a_scripted_fault_strikes_the_request_it_is_meant_for(
    kind: FaultKind, status: int, manner: Manner
) -> None:
    """The second request fails so, the first and the third do not."""
    site = _site()
    site.world.faults.script([None, kind])

    first, second, third = (site.answer(asking("GET", "/items/7")) for _ in range(3))

    assert first == third
    assert (second.status, second.manner) == (status, manner)
    assert (second == first) is False


def test_a_lost_answer_was_still_carried_out() -> None:
    """A connection that breaks after the commit ran its handler, one before it did not."""
    site = _site()
    handled: list[str] = []

    def handle(asked: Asked, _: Mapping[str, str]) -> Answer:
        handled.append(asked.path)
        return json_answer({})

    site = Site(site.world, [Route("GET", "/x", handle)], plain_voice())
    site.world.faults.script([FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])

    lost = [site.answer(asking("GET", "/x")).manner for _ in range(2)]

    assert lost == [Manner.RESET, Manner.RESET]
    assert handled == ["/x"]


def test_half_of_an_answer_is_no_json() -> None:
    """What was truncated cannot be parsed."""
    site = _site()
    site.world.faults.script([FaultKind.TRUNCATED])

    answer = site.answer(asking("GET", "/items/7"))

    assert Asked("GET", "/", body=answer.body).json() is None


def test_tokens_and_cursors_end_by_fault() -> None:
    """The token that was shown is void, and points of the log given out are too old."""
    site = _site()
    world = site.world
    token = world.oauth.issue("ada@example.com", frozenset()).access_token
    mailbox = world.person("ada@example.com").mailbox
    seq = mailbox.seq
    world.faults.script([FaultKind.UNAUTHORIZED, FaultKind.CURSOR_EXPIRED])

    site.answer(asking("GET", "/items/7", authorization=f"Bearer {token}"))
    site.answer(asking("GET", "/items"))

    assert world.oauth.grant(token) is None
    assert mailbox.floor > seq


def test_faults_of_pages_strike_pages_alone() -> None:
    """On another request the kind is used up without effect."""
    site = _site()
    site.world.faults.script([FaultKind.PAGE_EMPTY, FaultKind.PAGE_EMPTY])

    item, page = (site.answer(asking("GET", path)) for path in ("/items/7", "/items"))

    assert b'"fault":null' in item.body
    assert b'"fault":"page-empty"' in page.body
    assert site.world.faults.struck == {FaultKind.PAGE_EMPTY: 1}


def test_rates_give_the_same_faults_for_the_same_seed() -> None:
    """About as many requests as were asked for are struck, and the same ones again."""
    rates = {FaultKind.ERROR_500: 0.2, FaultKind.PART_429: 0.5, FaultKind.INVALID_GRANT: 1.0}
    first, again, other = (Faults(rates, seed=seed) for seed in (1, 1, 2))

    drawn = [[faults.draw(Point.ITEM) for _ in range(500)] for faults in (first, again, other)]

    assert drawn[0] == drawn[1] != drawn[2]
    assert 60 < first.struck[FaultKind.ERROR_500] < 140
    assert set(drawn[0]) == {None, FaultKind.ERROR_500}
    assert first.draw(Point.FREE) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        first.set_rates({FaultKind.HTML: 2})
    first.clear()
    assert first.draw(Point.TOKEN) is None
    assert first.draw_part() is None


def test_a_meter_gives_units_back_after_a_minute() -> None:
    """Who used up a minute's units is refused until they have passed; others are not."""
    meter = Meter(units_per_min=50)
    now = START

    taken = [meter.take("ada", "get", 20, now=now) for _ in range(3)]
    world = small_world()
    world.clock.advance(60)

    assert taken == [True, True, False]
    assert meter.take("bo", "get", 20, now=now)
    assert meter.take("ada", "get", 20, now=world.clock.now())
    assert (meter.units["get"], meter.refused) == (80, 1)


def test_the_door_shows_and_changes_the_world() -> None:
    """What is done at the door is seen there, and the numbers it returns lead back."""
    site = _site()

    _, mail = _door(
        site, "POST", f"{ADA}/messages", {"subject": "Grüße", "text": "x", "from": "b@c"}
    )
    number = mail["number"]
    _, moved = _door(
        site,
        "PATCH",
        f"{ADA}/messages/{number}",
        {"add": ["x"], "remove": ["letter"], "is_read": True},
    )
    _, edited = _door(site, "PATCH", f"{ADA}/messages/{number}", {"subject": "New"})
    deleted, _ = _door(site, "DELETE", f"{ADA}/messages/{number}")
    again, _ = _door(site, "DELETE", f"{ADA}/messages/{number}")
    _, shown = _door(site, "GET", "/_simulator")

    assert mail["subject"] == "Grüße"
    assert (moved["places"], moved["is_read"]) == (["x"], True)
    assert edited["subject"] == "New"
    assert (deleted, again) == (200, 404)
    people = [{"email": "ada@example.com", "name": "Ada", "messages": 3, "events": 2}]
    assert shown["people"] == people


def test_the_door_plans_and_cancels_meetings() -> None:
    """A series, an exception to it and its end are made from plain values."""
    site = _site()
    at = {"at": "2026-12-01T09:00:00Z", "zone": "Europe/Paris"}
    given = {"title": "T", "start": at, "recurrence": ["RRULE:FREQ=DAILY"], "is_private": True}
    _, made = _door(site, "POST", f"{ADA}/events", given)
    _, other = _door(
        site,
        "POST",
        f"{ADA}/events",
        {"master": made["number"], "original_start": at, "start": {"day": "2026-12-02"}},
    )
    _, edited = _door(site, "PATCH", f"{ADA}/events/{made['number']}", {"title": "U"})
    _door(site, "DELETE", f"{ADA}/events/{made['number']}")

    meetings = site.world.person("ada@example.com").agenda.meetings
    assert edited["title"] == "U"
    assert [found.is_cancelled for found in meetings.values()][-2:] == [True, True]
    assert other["number"] == 4
    assert _door(site, "POST", f"{ADA}/events", {"start": "now"})[0] == 400


def test_the_door_gives_and_takes_tokens() -> None:
    """Tokens come without asking anybody, end together, and are taken back."""
    site = _site()
    oauth = site.world.oauth
    _, tokens = _door(site, "POST", f"{ADA}/tokens", {"scopes": ["mail"]})
    access = str(tokens["access_token"])
    was_good = oauth.grant(access)
    _door(site, "POST", "/_simulator/expire-tokens")

    assert was_good is not None
    assert oauth.grant(access) is None
    assert _door(site, "POST", f"{ADA}/revoke") == (200, {"revoked": 1})


def test_the_door_sets_faults_time_and_policy() -> None:
    """Rates and scripts, the clock, lives of tokens, quota and new people are set by request."""
    site = _site()
    world = site.world
    kinds = {"rates": {"html": 0.5}, "script": [None, "error-500"], "seed": 3}

    _door(site, "PUT", "/_simulator/faults", kinds)
    _door(site, "POST", "/_simulator/clock", {"advance_s": 60})
    _door(site, "PUT", "/_simulator/policy", {"rotates": True, "units_per_min": 9})
    _door(site, "POST", "/_simulator/people", {"email": "bo@example.com", "messages": 4})
    _door(site, "POST", "/_simulator/expire-cursors")
    _door(site, "POST", "/_simulator/meter/reset")

    assert world.faults.rates == {FaultKind.HTML: 0.5}
    assert (world.clock.now() - START).total_seconds() == 60
    assert (world.oauth.policy.rotates, world.meter.units_per_min) == (True, 9)
    assert len(world.person("bo@example.com").mailbox.mails) == 4
    assert world.person("bo@example.com").mailbox.floor > 1


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("PUT", "/_simulator/faults", {"rates": {"rain": 1}}, 400),
        ("PUT", "/_simulator/faults", {"rates": {"html": 7}}, 400),
        ("PUT", "/_simulator/faults", [], 400),
        ("POST", "/_simulator/people", {"email": "ada@example.com"}, 400),
        ("POST", f"{ADA}/messages", {"genre": "poem"}, 400),
        ("DELETE", f"{ADA}/messages/x", None, 400),
        ("DELETE", f"{ADA}/events/99", None, 404),
        ("POST", "/_simulator/people/nobody@example.com/tokens", None, 404),
    ],
)
def test_the_door_refuses_what_makes_no_sense(
    method: str, path: str, given: object, status: int
) -> None:
    """A sentence says why, and nothing is changed."""
    found, answer = _door(_site(), method, path, given)

    assert found == status
    assert answer["error"]


async def test_both_carriers_bring_the_same() -> None:
    """Over a socket and in process a client sees equal answers, slow ones and broken lines too."""
    site = _site()
    kinds = [None, FaultKind.DRIP, FaultKind.RESET_BEFORE]

    async def seen(client: httpx2.AsyncClient, base_url: str) -> list[object]:
        site.world.faults.script(kinds)
        found: list[object] = []
        for _ in kinds:
            try:
                answer = await client.get(f"{base_url}/items/7", params={"a": "1"})
                found.append((answer.status_code, answer.json()))
            except httpx2.TransportError:
                found.append("broken")
        return found

    async with serving(site) as base_url, httpx2.AsyncClient() as client:
        over_a_socket = await seen(client, base_url)
    async with httpx2.AsyncClient(transport=InProcess({"mail.test": site})) as client:
        in_process = await seen(client, "http://mail.test")
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://elsewhere.test/")

    assert over_a_socket == in_process
    assert in_process[2] == "broken"


def test_who_listens_hears_every_request() -> None:
    """The listener gets each request with its answer, so that tests act between two of them."""
    site = _site()
    heard: list[tuple[str, int]] = []
    site.on_served = lambda asked, answer: heard.append((asked.path, answer.status))

    site.answer(replace(asking("GET", "/items"), query=(("a", "1"),)))
    site.answer(asking("GET", "/nowhere"))

    assert heard == [("/items", 200), ("/nowhere", 404)]
