"""Google Calendar tells an address, over a channel that was opened for it, that events changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from sanderling.simulator.core.exchange import Answer
from sanderling.simulator.core.post import Notice, is_plain
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google.errors import not_found, refused
from sanderling.simulator.google.gate import Ask, Method

_ROOT = "/calendar/v3"
_WATCH = f"{_ROOT}/calendars/{{calendar}}/events/watch"
_LIVES, _MOST = timedelta(days=7), timedelta(days=30)
_ID = re.compile(r"[A-Za-z0-9_+/=-]{1,64}")
_LONGEST_TOKEN = 256
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]")


@dataclass(slots=True)
class _Channel:
    id: str
    person: Person
    address: str
    token: str
    uri: str
    until: datetime
    told: int
    messages: int = 0
    """How many were sent; the first says that the channel is open."""

    @property
    def resource_id(self) -> str:
        return f"events-{self.person.subject}"


class CalendarChannels:
    """Keep channels, of which a calendar has any number, and tell each of changes."""

    def __init__(self, world: World) -> None:
        """Watch agendas of this world."""
        self._world = world
        self._channels: dict[str, _Channel] = {}
        world.post.employ(self._notices)

    def methods(self) -> list[Method]:
        """Return the methods that open and close channels."""
        return [
            Method("calendar.events.watch", "POST", _WATCH, 1, self._watch),
            Method("calendar.channels.stop", "POST", f"{_ROOT}/channels/stop", 1, self._stop),
        ]

    def _watch(self, ask: Ask) -> Answer:
        if ask.names["calendar"] not in {"primary", ask.person.email}:
            raise not_found()
        given, now = ask.asked.json_object() or {}, self._world.clock.now()
        address, token = str(given.get("address", "")), str(given.get("token", ""))
        name = str(given.get("id", ""))
        if given.get("type") not in {"web_hook", "webhook"}:
            raise refused(400, "unsupportedChannelType", "Unknown channel type.")
        is_secure = address.startswith("https://")
        if not is_plain(address) or not (is_secure or _LOOPBACK.match(address)):
            # What is played on loopback may be sent there; Google takes https alone.
            raise refused(400, "webhookUrlNotHttps", "WebHook callback must be HTTPS")
        if not _ID.fullmatch(name) or len(token) > _LONGEST_TOKEN or not is_plain(token):
            raise refused(400, "invalid", "Invalid channel id or token.")
        if name in self._channels:
            raise refused(400, "channelIdNotUnique", f"Channel id {name} not unique")
        until = min(_asked_until(given.get("expiration"), now), now + _MOST)
        uri = f"{ask.asked.base_url}{ask.asked.path.removesuffix('/watch')}"
        channel = _Channel(name, ask.person, address, token, uri, until, -1)
        self._channels[name] = channel
        self._world.post.ring()
        return ask.answer(
            {
                "kind": "api#channel",
                "id": name,
                "resourceId": channel.resource_id,
                "resourceUri": uri,
                "expiration": str(int(until.timestamp() * 1000)),
                **({"token": token} if token else {}),
            }
        )

    def _stop(self, ask: Ask) -> Answer:
        given = ask.asked.json_object() or {}
        channel = self._channels.get(str(given.get("id")))
        is_own = channel is not None and channel.person is ask.person
        if channel is None or not is_own or given.get("resourceId") != channel.resource_id:
            raise refused(404, "notFound", f"Channel '{given.get('id')}' not found for project")
        del self._channels[channel.id]
        return Answer(204)

    def _notices(self) -> Iterator[Notice]:
        now = self._world.clock.now()
        for channel in self._channels.values():
            if channel.until <= now:
                continue
            if not channel.messages:
                channel.told = channel.person.agenda.seq
                yield _notice(channel, "sync")
            elif channel.told < channel.person.agenda.seq:
                channel.told = channel.person.agenda.seq
                yield _notice(channel, "exists")


def _notice(channel: _Channel, state: str) -> Notice:
    channel.messages += 1
    headers = {
        "content-length": "0",
        "x-goog-channel-id": channel.id,
        "x-goog-channel-expiration": format_datetime(channel.until, usegmt=True),
        "x-goog-message-number": str(channel.messages),
        "x-goog-resource-id": channel.resource_id,
        "x-goog-resource-state": state,
        "x-goog-resource-uri": channel.uri,
    }
    if channel.token:
        headers["x-goog-channel-token"] = channel.token
    return Notice(channel.address, headers)


def _asked_until(given: object, now: datetime) -> datetime:
    try:
        until_s = int(str(given)) / 1000 if given is not None else None
    except (ValueError, OverflowError):
        raise refused(400, "invalid", "Invalid expiration.") from None
    if until_s is None:
        return now + _LIVES
    if until_s <= now.timestamp():
        raise refused(400, "invalid", "The expiration has passed.")
    return now + timedelta(seconds=min(until_s - now.timestamp(), _MOST.total_seconds()))
