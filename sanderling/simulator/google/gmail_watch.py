"""Gmail tells a topic of Pub/Sub that a mailbox changed, and Pub/Sub tells whoever subscribed.

The topic has one subscription, which pushes: each message goes to its address with a token of its
service account. Where it goes is set at the control door, as operators do in their own project.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sanderling.simulator.core.exchange import Answer, Asked, encoded, json_answer
from sanderling.simulator.core.faults import Point
from sanderling.simulator.core.post import Notice
from sanderling.simulator.core.routes import Route
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google.errors import refused
from sanderling.simulator.google.gate import Ask, Method
from sanderling.simulator.google.gmail_ids import history_id
from sanderling.simulator.google.signer import Signer

PROJECT = "projects/simulator"
TOPIC = f"{PROJECT}/topics/gmail"
ACCOUNT = "gmail-push@simulator.iam.gserviceaccount.com"
ENDPOINT = "http://127.0.0.1:3000/push/gmail"

_USER = "/gmail/v1/users/{user}"
_LIVES = timedelta(days=7)
_TOKEN_LIVES = timedelta(hours=1)


@dataclass(slots=True)
class Subscription:
    """Where Pub/Sub sends what is published to the topic, and as whom."""

    endpoint: str = ENDPOINT
    audience: str = ""
    """Empty for the endpoint itself, as Pub/Sub has it."""
    email: str = ACCOUNT


@dataclass(slots=True)
class _Watch:
    person: Person
    until: datetime
    told: int
    """The last change that was published; -1 publishes at once, as Gmail does when it begins."""


class GmailWatches:
    """Keep whose mailbox is watched, one watch for each as Gmail does, and publish changes."""

    def __init__(self, world: World) -> None:
        """Watch mailboxes of this world."""
        self.subscription = Subscription()
        self._world = world
        self._signer = Signer()
        self._watches: dict[str, _Watch] = {}
        self._published = 0
        world.post.employ(self._notices)

    def methods(self) -> list[Method]:
        """Return the methods of Gmail that watch."""
        return [
            Method("gmail.users.watch", "POST", f"{_USER}/watch", 100, self._watch),
            Method("gmail.users.stop", "POST", f"{_USER}/stop", 50, self._stop),
        ]

    def routes(self) -> list[Route]:
        """Return where Google tells its keys, and the control door of Pub/Sub."""
        free = Point.FREE
        return [
            Route("GET", "/oauth2/v3/certs", self._certs, Point.TOKEN),
            Route("PUT", "/_simulator/pubsub", self._subscribe, free),
        ]

    def _watch(self, ask: Ask) -> Answer:
        given = ask.asked.json_object() or {}
        topic = str(given.get("topicName", ""))
        if not topic.startswith("projects/"):
            raise refused(400, "invalidArgument", "Invalid topicName does not match projects/*")
        if not topic.startswith(f"{PROJECT}/"):
            message = f"Invalid topicName does not match {PROJECT}/topics/*"
            raise refused(400, "invalidArgument", message)
        if topic != TOPIC:
            message = "Error sending test message to Cloud PubSub: Resource not found."
            raise refused(404, "notFound", message)
        person, until = ask.person, self._world.clock.now() + _LIVES
        self._watches[person.email] = _Watch(person, until, -1)
        self._world.post.ring()
        return ask.answer(
            {
                "historyId": str(history_id(person.mailbox.seq)),
                "expiration": str(int(until.timestamp() * 1000)),
            }
        )

    def _stop(self, ask: Ask) -> Answer:
        self._watches.pop(ask.person.email, None)
        return Answer(204)

    def _certs(self, _asked: Asked, _names: Mapping[str, str]) -> Answer:
        return json_answer(self._signer.key_set()).having(cache_control="public, max-age=3600")

    def _subscribe(self, asked: Asked, _names: Mapping[str, str]) -> Answer:
        given, kept = asked.json_object() or {}, self.subscription
        kept.endpoint = str(given.get("endpoint", kept.endpoint))
        kept.audience = str(given.get("audience", kept.audience))
        kept.email = str(given.get("email", kept.email))
        shown = {"endpoint": kept.endpoint, "audience": kept.audience, "email": kept.email}
        return json_answer({"topic": TOPIC, **shown})

    def _notices(self) -> Iterator[Notice]:
        now = self._world.clock.now()
        for watch in self._watches.values():
            if watch.told < watch.person.mailbox.seq and watch.until > now:
                watch.told = watch.person.mailbox.seq
                yield self.notice(watch.person)

    def notice(self, person: Person) -> Notice:
        """Return what Pub/Sub sends of a change in a person's mailbox."""
        self._published += 1
        now, number = self._world.clock.now(), str(10**15 + self._published)
        change = {
            "emailAddress": person.email,
            "historyId": history_id(person.mailbox.seq),
        }
        at = now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        message = {
            "data": base64.b64encode(encoded(change)).decode(),
            "messageId": number,
            "message_id": number,
            "publishTime": at,
            "publish_time": at,
        }
        body = {"message": message, "subscription": f"{PROJECT}/subscriptions/gmail-push"}
        headers = {
            "authorization": f"Bearer {self._token(now)}",
            "content-type": "application/json",
            "from": "noreply@google.com",
            "user-agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        }
        return Notice(self.subscription.endpoint, headers, encoded(body))

    def _token(self, now: datetime) -> str:
        kept, made_s = self.subscription, int(now.timestamp())
        return self._signer.token(
            {
                "aud": kept.audience or kept.endpoint,
                "azp": "100000000000000000001",
                "email": kept.email,
                "email_verified": True,
                "exp": made_s + int(_TOKEN_LIVES.total_seconds()),
                "iat": made_s,
                "iss": "https://accounts.google.com",
                "sub": "100000000000000000001",
            }
        )
