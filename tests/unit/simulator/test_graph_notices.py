"""The simulated Graph subscribes whoever answers for an address, and tells it of changes."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from support.listener import ADDRESS, Listener, subscription_to
from support.microsoft import SCOPES, Microsoft
from support.simulated import START, letter, plan

PATH = "/v1.0/subscriptions"
INBOX = frozenset({"inbox"})


@pytest.fixture
def listener() -> Listener:
    """Return who is told."""
    return Listener()


@pytest.fixture
def microsoft(listener: Listener) -> Microsoft:
    """Return a Microsoft that tells the listener."""
    microsoft = Microsoft()
    microsoft.world.post.outside = listener.transport
    return microsoft


async def subscribe(
    microsoft: Microsoft, resource: str = "me/messages", **changed: str
) -> httpx2.Response:
    """Return the answer to whoever wants to be told."""
    given = subscription_to(resource, microsoft.clock, **changed)
    return await microsoft.ask(PATH, method="POST", given=given)


def later(microsoft: Microsoft, *, days: int) -> None:
    """Let days pass, and have a token that is good then."""
    microsoft.clock.advance(days * 86400)
    microsoft.token = microsoft.world.oauth.issue(microsoft.person.email, SCOPES).access_token


def told(listener: Listener) -> list[dict[str, Any]]:
    """Return what was told, without validations."""
    bodies = [json.loads(heard.content) for heard in listener.heard if heard.content]
    return [one for body in bodies for one in body["value"]]


async def test_an_address_is_validated_before_anything_is_made(
    microsoft: Microsoft, listener: Listener
) -> None:
    """The token comes in the query of an empty text, and has blanks that are to be decoded."""
    made = await subscribe(microsoft)

    assert made.status_code == 201, made.text
    (asked,) = listener.heard
    assert (asked.method, asked.url.path, asked.content) == ("POST", "/push", b"")
    assert asked.headers["content-type"].startswith("text/plain")
    assert " " in asked.url.params["validationToken"]
    assert (await microsoft.get(f"{PATH}/{made.json()['id']}"))["clientState"] == "hush"


@pytest.mark.parametrize(
    "validation",
    [
        httpx2.Response(200, text="another token"),
        httpx2.Response(200, json="json"),
        httpx2.Response(202, text=""),
        httpx2.Response(404, text=""),
        httpx2.ConnectTimeout("too late"),
    ],
)
async def test_an_address_where_nobody_expects_it_is_refused(
    microsoft: Microsoft, listener: Listener, validation: httpx2.Response | Exception
) -> None:
    """Another token, another type, another status, or none in time: nothing is made."""
    listener.validation = validation

    refused = await subscribe(microsoft)
    microsoft.person.mailbox.add(letter(), places=INBOX)
    await microsoft.world.post.deliver()

    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "ValidationError")
    assert told(listener) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"resource": "me/contacts"},
        {"changeType": "created,moved"},
        {"clientState": "x" * 129},
        {"clientState": "\u2603"},
        {"notificationUrl": "https://listener.test/\u2603"},
        {"lifecycleNotificationUrl": "https://listener.test/\u2603"},
        {"notificationUrl": "https://[::1/push"},
        {"expirationDateTime": "soon"},
        {"expirationDateTime": (START + timedelta(days=7, minutes=1)).isoformat()},
        {"expirationDateTime": START.isoformat()},
        {"notificationUrl": ""},
    ],
)
async def test_nothing_is_made_that_graph_would_not_make(
    microsoft: Microsoft, listener: Listener, changed: dict[str, str]
) -> None:
    """What is wrong is told before anybody's address is asked."""
    refused = await subscribe(microsoft, **{"resource": "me/messages"} | changed)

    assert refused.status_code == 400
    assert listener.heard == []


async def test_mail_is_told_to_whoever_may_read_it(listener: Listener) -> None:
    """A consent to calendars alone subscribes to no mail."""
    microsoft = Microsoft(scopes=SCOPES - {"Mail.Read"})
    microsoft.world.post.outside = listener.transport

    answers = [await subscribe(microsoft, each) for each in ("me/messages", "me/events")]

    assert [answer.status_code for answer in answers] == [403, 201]


async def test_changes_are_told_with_the_secret_and_without_content(
    microsoft: Microsoft, listener: Listener
) -> None:
    """What came, changed and went, each by its id, once."""
    made = (await subscribe(microsoft)).json()
    mailbox = microsoft.person.mailbox
    kept, gone = (mailbox.add(letter(f"secret {n}"), places=INBOX) for n in range(2))
    await microsoft.world.post.deliver()
    mailbox.mark(kept.number, is_read=True)
    mailbox.delete(gone.number)

    await microsoft.world.post.deliver()
    await microsoft.world.post.deliver()

    found = told(listener)
    assert [one["changeType"] for one in found] == ["created", "created", "updated", "deleted"]
    assert {one["subscriptionId"] for one in found} == {made["id"]}
    assert {one["clientState"] for one in found} == {"hush"}
    assert found[2]["resourceData"]["id"] == found[0]["resourceData"]["id"]
    assert b"secret" not in b"".join(heard.content for heard in listener.heard)


async def test_events_are_told_apart_from_mail(microsoft: Microsoft, listener: Listener) -> None:
    """Who subscribed to events hears of no letter."""
    await subscribe(microsoft, "me/events")
    microsoft.person.mailbox.add(letter(), places=INBOX)
    meeting = microsoft.person.agenda.add(plan(), at=START)
    await microsoft.world.post.deliver()
    microsoft.person.agenda.cancel(meeting.number, at=START)
    await microsoft.world.post.deliver()

    assert [one["changeType"] for one in told(listener)] == ["created", "deleted"]
    assert "Events" in told(listener)[0]["resource"]


async def test_a_subscription_is_renewed_and_ends(microsoft: Microsoft, listener: Listener) -> None:
    """It is known until its time is over or it is removed, to its owner alone."""
    one = f"{PATH}/{(await subscribe(microsoft)).json()['id']}"
    later(microsoft, days=6)
    until = (microsoft.clock.now() + timedelta(days=7)).isoformat()
    renewed = await microsoft.ask(one, method="PATCH", given={"expirationDateTime": until})
    later(microsoft, days=6)
    microsoft.person.mailbox.add(letter(), places=INBOX)
    await microsoft.world.post.deliver()
    later(microsoft, days=1)

    late = await microsoft.ask(one, method="PATCH", given={"expirationDateTime": until})
    microsoft.person.mailbox.add(letter(), places=INBOX)
    await microsoft.world.post.deliver()

    assert (renewed.status_code, late.status_code, len(told(listener))) == (200, 404, 1)


async def test_a_removed_subscription_says_nothing(
    microsoft: Microsoft, listener: Listener
) -> None:
    """Removing it twice is told."""
    one = f"{PATH}/{(await subscribe(microsoft)).json()['id']}"

    statuses = [(await microsoft.ask(one, method="DELETE")).status_code for _ in range(2)]
    microsoft.person.mailbox.add(letter(), places=INBOX)
    await microsoft.world.post.deliver()

    assert (statuses, told(listener)) == ([204, 404], [])


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved", "missed"])
async def test_the_life_of_a_subscription_is_told(
    microsoft: Microsoft, listener: Listener, event: str
) -> None:
    """At the address for it, with the same secret; one that is removed is gone."""
    other = f"{ADDRESS}/life"
    made = (await subscribe(microsoft, lifecycleNotificationUrl=other)).json()

    answer = await microsoft.ask(
        f"/_simulator/people/{microsoft.person.email}/lifecycle",
        method="POST",
        given={"event": event},
    )
    await microsoft.world.post.deliver()

    assert answer.json() == {"told": 1}
    (life,) = told(listener)
    assert (life["lifecycleEvent"], life["clientState"]) == (event, "hush")
    assert str(listener.heard[-1].url) == other
    kept = await microsoft.ask(f"{PATH}/{made['id']}")
    assert kept.status_code == (404 if event == "subscriptionRemoved" else 200)
