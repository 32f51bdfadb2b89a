"""The simulated Google tells of changes as Google does, and with the faults that are asked for."""

import base64
import json
from typing import Any

import httpx2
import pytest

from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.google.gmail_watch import ACCOUNT, ENDPOINT, TOPIC
from sanderling.vault import TokenRefused, read_signer_keys, verify_rs256
from support.google import Google
from support.listener import ADDRESS, Listener
from support.simulated import START, letter, plan

WATCH = "/gmail/v1/users/me/watch"
EVENTS = "/calendar/v3/calendars/primary/events"
STOP = "/calendar/v3/channels/stop"
INBOX = frozenset({"INBOX"})


@pytest.fixture
def listener() -> Listener:
    """Return who is told."""
    return Listener()


@pytest.fixture
def google(listener: Listener) -> Google:
    """Return a Google that tells the listener."""
    google = Google()
    google.world.post.outside = listener.transport
    return google


def open_channel(google: Google, **changed: str) -> dict[str, Any]:
    """Return the channel that Google opened."""
    asked = {"id": "channel-1", "type": "web_hook", "address": ADDRESS, "token": "hush"} | changed
    answer = google.post(f"{EVENTS}/watch", asked)
    assert answer.status == 200, answer
    opened: dict[str, Any] = json.loads(answer.body)
    return opened


async def test_a_watch_publishes_at_once_and_then_when_something_changes(
    google: Google, listener: Listener
) -> None:
    """Many changes make one message, which names the mailbox and nothing of what is in it."""
    assert google.post(WATCH, {"topicName": TOPIC}).status == 200

    first = await google.world.post.deliver()
    idle = await google.world.post.deliver()
    for number in range(3):
        google.person.mailbox.add(letter(f"secret {number}"), places=INBOX)
    second = await google.world.post.deliver()

    assert (first, idle, second) == (1, 0, 1)
    told = json.loads(listener.heard[-1].content)
    change = json.loads(base64.b64decode(told["message"]["data"]))
    assert change["emailAddress"] == google.person.email
    assert str(change["historyId"]) == google.mailbox("profile")["historyId"]
    assert b"secret" not in listener.heard[-1].content
    assert str(listener.heard[-1].url) == ENDPOINT


async def test_pubsub_signs_in_with_a_token_that_the_keys_prove(
    google: Google, listener: Listener
) -> None:
    """The audience is the address unless another was set, and no other key has signed it."""
    google.post(WATCH, {"topicName": TOPIC})
    await google.world.post.deliver()
    token = listener.heard[0].headers["authorization"].removeprefix("Bearer ")

    async with httpx2.AsyncClient(
        transport=InProcess({"google.test": google.site}), base_url="http://google.test"
    ) as client:
        certs = await client.get("/oauth2/v3/certs")

    claims = verify_rs256(token, read_signer_keys(certs.json()))
    assert (claims["aud"], claims["email"], claims["email_verified"]) == (ENDPOINT, ACCOUNT, True)
    assert (claims["iss"], claims["iat"]) == ("https://accounts.google.com", START.timestamp())
    assert "max-age=" in certs.headers["cache-control"]
    with pytest.raises(TokenRefused):
        verify_rs256(token, read_signer_keys(Google().get("/oauth2/v3/certs")))


async def test_a_stopped_or_expired_watch_says_nothing(google: Google, listener: Listener) -> None:
    """A week after it was made, and at once when it is stopped."""
    google.post(WATCH, {"topicName": TOPIC})
    google.post("/gmail/v1/users/me/stop", {})
    await google.world.post.deliver()
    google.post(WATCH, {"topicName": TOPIC})
    google.world.clock.advance(7 * 86400)

    google.person.mailbox.add(letter(), places=INBOX)
    await google.world.post.deliver()

    assert listener.heard == []


@pytest.mark.parametrize(
    ("topic", "status"),
    [("", 400), ("gmail", 400), ("projects/other/topics/gmail", 400), (f"{TOPIC}s", 404)],
)
def test_gmail_publishes_to_no_topic_but_the_projects_own(
    google: Google, topic: str, status: int
) -> None:
    """Another project's is refused, and so is one that there is not."""
    assert google.post(WATCH, {"topicName": topic}).status == status


async def test_a_channel_says_that_it_is_open_and_then_when_something_changes(
    google: Google, listener: Listener
) -> None:
    """A notice has no body: headers name the channel, its token, its resource and a number."""
    opened = open_channel(google)
    await google.world.post.deliver()
    google.person.agenda.add(plan(), at=START)
    await google.world.post.deliver()

    states = [heard.headers["x-goog-resource-state"] for heard in listener.heard]
    numbers = [heard.headers["x-goog-message-number"] for heard in listener.heard]
    assert (states, numbers) == (["sync", "exists"], ["1", "2"])
    last = listener.heard[-1]
    assert last.content == b""
    assert last.headers["x-goog-channel-id"] == "channel-1"
    assert last.headers["x-goog-channel-token"] == "hush"
    assert last.headers["x-goog-resource-id"] == opened["resourceId"]


async def test_a_channel_ends_when_it_is_stopped_or_its_time_is_over(
    google: Google, listener: Listener
) -> None:
    """Only whoever knows its resource stops it, once; a later one lives as long as was asked."""
    opened = open_channel(google)
    wrong = google.post(STOP, {"id": "channel-1", "resourceId": "other"}).status
    stopped = google.post(STOP, opened).status
    again = google.post(STOP, opened).status
    until = str(int(START.timestamp() * 1000) + 3_600_000)
    opened = open_channel(google, expiration=until)
    google.world.clock.advance(3600)

    google.person.agenda.add(plan(), at=START)
    await google.world.post.deliver()

    assert (wrong, stopped, again) == (404, 204, 404)
    assert opened["expiration"] == until
    assert listener.heard == []


@pytest.mark.parametrize(
    "changed",
    [
        {"address": "http://listener.test/push"},
        {"address": ""},
        {"type": "email"},
        {"id": ""},
        {"id": "x" * 65},
        {"id": "a b"},
        {"token": "x" * 257},
        {"token": "\u00e9\u2603"},
        {"token": "a\r\nb: c"},
        {"address": "https://listener.test/\u2603"},
        {"expiration": "9" * 400},
        {"expiration": "1"},
        {"expiration": "soon"},
    ],
)
def test_no_channel_is_opened_that_google_would_not_open(
    google: Google, changed: dict[str, str]
) -> None:
    """Addresses without TLS, ids and tokens out of bounds, and times that have passed."""
    asked = {"id": "channel-1", "type": "web_hook", "address": ADDRESS} | changed

    assert google.post(f"{EVENTS}/watch", asked).status == 400


def test_a_channel_id_is_good_once(google: Google) -> None:
    """As long as the channel lives."""
    open_channel(google)

    again = google.post(
        f"{EVENTS}/watch", {"id": "channel-1", "type": "web_hook"} | {"address": ADDRESS}
    )

    assert again.status == 400


@pytest.mark.parametrize(
    ("kind", "heard", "later"),
    [
        (FaultKind.NOTICE_DROPPED, 0, 0),
        (FaultKind.NOTICE_DOUBLED, 2, 2),
        (FaultKind.NOTICE_LATE, 0, 1),
    ],
)
async def test_post_is_lost_doubled_and_late(
    google: Google, listener: Listener, kind: FaultKind, heard: int, later: int
) -> None:
    """As it is with any post; requests are not struck by it."""
    google.world.faults.set_rates({kind: 1.0})
    google.post(WATCH, {"topicName": TOPIC})

    await google.world.post.deliver()
    at_once = len(listener.heard)
    google.world.clock.advance(google.world.post.late_s)
    await google.world.post.deliver()

    assert (at_once, len(listener.heard)) == (heard, later)


async def test_what_is_not_taken_is_sent_again_for_a_while(
    google: Google, listener: Listener
) -> None:
    """Each time later, and not without end."""
    listener.status = 503
    google.post(WATCH, {"topicName": TOPIC})
    for _ in range(10):
        await google.world.post.deliver()
        google.world.clock.advance(60)

    assert len(listener.heard) == 5
    assert google.world.post.counts == {"refused": 5}


async def test_nothing_leaves_the_machine() -> None:
    """Where the network is the way, only loopback is asked."""
    google = Google()
    open_channel(google, address="https://listener.test/push")

    assert await google.world.post.deliver() == 0
    assert google.world.post.counts == {"unreachable": 1}
    assert not google.world.post.reaches("file:///etc/passwd")
    assert google.world.post.reaches("http://127.0.0.1:3000/push/gmail")
