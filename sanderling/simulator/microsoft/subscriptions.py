"""Graph's subscriptions: made once their address answered, renewed, removed, and told of changes.

As Graph does, it first asks the address for a token that it sends there, and makes nothing where
that does not come back within ten seconds, as plain text with 200. For Outlook's messages and
events a subscription lasts a week at most.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sanderling.simulator.core.exchange import Answer, encoded
from sanderling.simulator.core.mailbox import ChangeKind
from sanderling.simulator.core.post import UNSENT, Notice, is_plain
from sanderling.simulator.core.world import Person
from sanderling.simulator.microsoft import errors, ids
from sanderling.simulator.microsoft.gate import Ask, Method, Value
from sanderling.simulator.microsoft.office import Office
from sanderling.simulator.microsoft.scopes import SEE_CALENDAR, SEE_MAIL

LONGEST, SHORTEST = timedelta(minutes=10_080), timedelta(minutes=45)
TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"

LIFE_EVENTS = ("reauthorizationRequired", "subscriptionRemoved", "missed")

_LONGEST_STATE = 128
_CHANGES = {"created", "updated", "deleted"}
_OK = 200


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is subscribed to: how Graph names it, who may, and what changed since a point."""

    entity: str
    collection: str
    scopes: frozenset[str]
    seq: Callable[[Person], int]
    changes: Callable[[Person, int], dict[str, str]]


def _mail_changes(person: Person, since: int) -> dict[str, str]:
    words = {ChangeKind.ADDED: "created", ChangeKind.DELETED: "deleted"}
    found: dict[str, str] = {}
    for change in person.mailbox.changes_after(since):
        word = words.get(change.kind, "updated")
        key = ids.message_id(person, change.mail.number)
        found[key] = found.get(key, word) if word == "updated" else word
    return found


def _event_changes(person: Person, since: int) -> dict[str, str]:
    agenda = person.agenda
    found: dict[str, str] = {}
    for meeting in agenda.changed_after(since, until=agenda.seq):
        word = "deleted" if meeting.is_cancelled else "updated" if meeting.revision else "created"
        number = meeting.number if meeting.master is None else meeting.master
        found[ids.event_id(person, ids.EventId(number))] = word
    return found


_KINDS = {
    "messages": _Kind("Message", "Messages", SEE_MAIL, lambda who: who.mailbox.seq, _mail_changes),
    "events": _Kind("Event", "Events", SEE_CALENDAR, lambda who: who.agenda.seq, _event_changes),
}


@dataclass(frozen=True, slots=True)
class _Subscription:
    id: str
    person: Person
    resource: str
    changes: frozenset[str]
    address: str
    lifecycle_address: str
    state: str
    until: datetime
    told: int

    @property
    def kind(self) -> _Kind:
        return _KINDS[self.resource.rpartition("/")[2]]


class Subscriptions:
    """Keep subscriptions, of which a mailbox has any number, and tell each of changes."""

    def __init__(self, office: Office) -> None:
        """Watch the people of this office."""
        self._world = office.world
        self._kept: dict[str, _Subscription] = {}
        self._made = 0
        office.world.post.employ(self._notices)

    def methods(self) -> list[Method]:
        """Return the methods."""
        one = "/subscriptions/{id}"
        return [
            Method("subscriptions.create", "/subscriptions", self._create, verb="POST"),
            Method("subscriptions.get", one, self._get),
            Method("subscriptions.update", one, self._renew, verb="PATCH"),
            Method("subscriptions.delete", one, self._delete, verb="DELETE"),
        ]

    def tell_life(self, person: Person, event: str) -> int:
        """Send a lifecycle notice for each of a person's subscriptions, and return how many."""
        own = [kept for kept in self._kept.values() if kept.person is person]
        for kept in own:
            if event == "subscriptionRemoved":
                del self._kept[kept.id]
            if kept.lifecycle_address:
                self._world.post.write(_life_notice(kept, event))
        return len(own)

    def _create(self, ask: Ask) -> Answer:
        made = self._read(ask)

        async def validated() -> Answer:
            for address in dict.fromkeys((made.address, made.lifecycle_address)):
                problem = await self._problem_with(address) if address else ""
                if problem:
                    return errors.error(400, "ValidationError", problem)
            self._kept[made.id] = made
            return replace(ask.answer("subscriptions/$entity", _value(made)), status=201)

        return Answer(awaiting=validated)

    def _read(self, ask: Ask) -> _Subscription:
        given, now = ask.asked.json_object() or {}, self._world.clock.now()
        resource = str(given.get("resource", "")).strip("/").removeprefix("me/")
        kind = _KINDS.get(resource)
        if kind is None:
            raise errors.bad_request("InvalidRequest", f"Resource '{resource}' is not supported.")
        if not kind.scopes & ask.scopes:
            message = (
                "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access denied]"
            )
            raise errors.Refused(errors.error(403, "ExtensionError", message))
        changes = frozenset(str(given.get("changeType", "")).split(","))
        state = str(given.get("clientState", ""))
        if not changes <= _CHANGES or len(state) > _LONGEST_STATE or not is_plain(state):
            raise errors.bad_request("InvalidRequest", "changeType or clientState is not valid.")
        address = str(given.get("notificationUrl", ""))
        lifecycle_address = str(given.get("lifecycleNotificationUrl", ""))
        is_secure = address.startswith("https://")
        is_text = is_plain(address) and is_plain(lifecycle_address)
        if not is_text or not (is_secure or self._world.post.reaches(address)):
            # What is played on loopback may be sent there; Graph takes https alone.
            message = "The following properties are not valid https URLs: notificationUrl."
            raise errors.bad_request("InvalidRequest", message)
        self._made += 1
        return _Subscription(
            id=str(UUID(int=(0x7F0000000000 << 80) + self._made)),
            person=ask.person,
            resource=f"me/{resource}",
            changes=changes,
            address=address,
            lifecycle_address=lifecycle_address,
            state=state,
            until=_until(given.get("expirationDateTime"), now),
            told=kind.seq(ask.person),
        )

    async def _problem_with(self, address: str) -> str:
        """Return why an address did not show that somebody expects notices there."""
        self._made += 1
        token = (
            "Validation: Testing client application reachability for subscription "
            f"Request-Id: {UUID(int=self._made)}"
        )
        failed = "Subscription validation request failed."
        if not self._world.post.reaches(address):
            return f"{failed} The address cannot be reached from here."
        try:
            async with self._world.post.client() as client:
                answer = await client.post(
                    address,
                    params={"validationToken": token},
                    headers={"content-type": "text/plain; charset=utf-8"},
                )
        except UNSENT:
            return "Subscription validation request timed out."
        if answer.status_code != _OK:
            return f"{failed} Notification endpoint must respond with 200 OK to validation request."
        if not answer.headers.get("content-type", "").startswith("text/plain"):
            return f"{failed} Content type must be text/plain."
        return "" if answer.text == token else f"{failed} The token did not come back."

    def _own(self, ask: Ask) -> _Subscription:
        kept = self._kept.get(ask.names["id"])
        if kept is None or kept.person is not ask.person or kept.until <= self._world.clock.now():
            raise errors.Refused(errors.error(404, "ResourceNotFound", "The object was not found."))
        return kept

    def _get(self, ask: Ask) -> Answer:
        return ask.answer("subscriptions/$entity", _value(self._own(ask)))

    def _renew(self, ask: Ask) -> Answer:
        kept, given = self._own(ask), ask.asked.json_object() or {}
        until = _until(given.get("expirationDateTime"), self._world.clock.now())
        renewed = self._kept[kept.id] = replace(kept, until=until)
        return ask.answer("subscriptions/$entity", _value(renewed))

    def _delete(self, ask: Ask) -> Answer:
        del self._kept[self._own(ask).id]
        return Answer(204)

    def _notices(self) -> Iterator[Notice]:
        now = self._world.clock.now()
        for kept in list(self._kept.values()):
            seq = kept.kind.seq(kept.person)
            if kept.told == seq or kept.until <= now:
                continue
            self._kept[kept.id] = replace(kept, told=seq)
            changes = kept.kind.changes(kept.person, kept.told)
            told = [(key, word) for key, word in changes.items() if word in kept.changes]
            if told:
                yield _notice(kept, [_change(kept, key, word) for key, word in told])


def _value(kept: _Subscription) -> Value:
    return {
        "id": kept.id,
        "resource": kept.resource,
        "applicationId": TENANT,
        "changeType": ",".join(sorted(kept.changes)),
        "clientState": kept.state,
        "notificationUrl": kept.address,
        "lifecycleNotificationUrl": kept.lifecycle_address or None,
        "expirationDateTime": _moment(kept.until),
        "creatorId": kept.person.subject,
        "latestSupportedTlsVersion": "v1_2",
    }


def _change(kept: _Subscription, key: str, word: str) -> dict[str, object]:
    place = f"Users/{kept.person.subject}/{kept.kind.collection}/{key}"
    return {
        "subscriptionId": kept.id,
        "subscriptionExpirationDateTime": _moment(kept.until),
        "changeType": word,
        "resource": place,
        "resourceData": {
            "@odata.type": f"#Microsoft.Graph.{kept.kind.entity}",
            "@odata.id": place,
            "@odata.etag": 'W/"1"',
            "id": key,
        },
        "clientState": kept.state,
        "tenantId": TENANT,
    }


def _life_notice(kept: _Subscription, event: str) -> Notice:
    told = {
        "lifecycleEvent": event,
        "subscriptionId": kept.id,
        "subscriptionExpirationDateTime": _moment(kept.until),
        "resource": kept.resource,
        "clientState": kept.state,
        "tenantId": TENANT,
    }
    return replace(_notice(kept, [told]), url=kept.lifecycle_address)


def _notice(kept: _Subscription, told: Sequence[Mapping[str, object]]) -> Notice:
    headers = {"content-type": "application/json; charset=utf-8"}
    return Notice(kept.address, headers, encoded({"value": told}))


def _until(given: object, now: datetime) -> datetime:
    """Return when a subscription ends; what is asked for below Graph's least is lengthened."""
    try:
        asked = datetime.fromisoformat(str(given))
    except ValueError:
        raise errors.bad_request("InvalidRequest", "expirationDateTime is no moment.") from None
    until = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    if until <= now or until > now + LONGEST:
        message = "Subscription expiration can only be 10080 minutes in the future."
        raise errors.bad_request("ExtensionError", message)
    return max(until.astimezone(UTC), now + SHORTEST)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
