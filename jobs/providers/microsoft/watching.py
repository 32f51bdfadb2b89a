"""Has Graph tell of changes: subscriptions to one person's messages or events."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from jobs.providers.answer import Answer, Fields, fields_of, text_of
from jobs.providers.http import Ask, Lane, ProviderHTTP
from jobs.providers.microsoft.faults import fault_of
from jobs.providers.microsoft.methods import (
    SUBSCRIBE_TO_EVENTS,
    SUBSCRIBE_TO_MESSAGES,
    SUBSCRIPTION,
    Method,
)
from jobs.providers.page import id_of
from jobs.push.ports import Watched, WatchOrder
from jobs.push.watch import Watch
from jobs.sync.faults import AppRefused, ItemGone, ProviderFault, Temporary
from jobs.sync.provider import AccountRef
from sanderling.kernel.units import MIB

LASTS: Final = timedelta(minutes=4_200)
"""How long is asked for at most.

Graph refuses what is longer than it allows: 10,080 minutes for mail and events, and 4,230 where it
is not up to date. Our clock may be ahead of its own.
"""

_MAX_BYTES = 1 * MIB
_CHANGES = "created,updated,deleted"
_UNREACHED = (
    "Microsoft Graph got no answer at the address that SERVER_URL leads to",
    "Let SERVER_URL be an https address that the internet reaches, with a certificate it trusts",
)
_UNREACHED_CODES = {"ValidationError", "InvalidRequest"}


class GraphWatcher:
    """Subscribe to one resource of each account."""

    def __init__(self, lane: Lane, resource: str, method: Method) -> None:
        """Go along `lane`, whose base URL is Graph's host, and subscribe to `resource`."""
        self._lane = replace(lane, fault_of=_fault_of)
        self._resource = resource
        self._method = method

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        """Return a subscription; Graph makes it once the order's address has answered."""
        given = {
            "changeType": _CHANGES,
            "notificationUrl": order.address_url,
            "lifecycleNotificationUrl": order.address_url,
            "resource": self._resource,
            "expirationDateTime": self._until(order),
            "clientState": order.secret,
        }
        fields = await self._http(account).fields(_asking("POST", self._method.at(), given))
        remote_id = id_of(fields)
        if not remote_id:
            raise Temporary("a subscription was told of that has no id")
        return Watched(remote_id, "", _end_of(fields, self._lane.clock.now()))

    async def renew(self, account: AccountRef, watch: Watch, order: WatchOrder) -> Watched:
        """Return the same subscription, lengthened.

        Raises:
            ItemGone: Graph does not know it any more, or it leads to another address than the
                order's, which cannot be changed.

        """
        given = {"expirationDateTime": self._until(order)}
        fields = await self._http(account).fields(_asking("PATCH", _path(watch), given))
        if text_of(fields, "notificationUrl") not in {"", order.address_url}:
            raise ItemGone
        return Watched(watch.remote_id, "", _end_of(fields, self._lane.clock.now()))

    async def stop(self, account: AccountRef, watch: Watch) -> None:
        """Remove a subscription; one that Graph does not know is removed."""
        try:
            await self._http(account).send(Ask("DELETE", _path(watch), units=1))
        except ItemGone:
            return

    def _http(self, account: AccountRef) -> ProviderHTTP:
        return ProviderHTTP(self._lane, account.id)

    def _until(self, order: WatchOrder) -> str:
        until = min(order.until, self._lane.clock.now() + LASTS)
        return until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def graph_mail_watcher(lane: Lane) -> GraphWatcher:
    """Return what subscribes to all messages of a mailbox, in whatever folder they are."""
    return GraphWatcher(lane, "me/messages", SUBSCRIBE_TO_MESSAGES)


def graph_calendar_watcher(lane: Lane) -> GraphWatcher:
    """Return what subscribes to all events of a person's calendar."""
    return GraphWatcher(lane, "me/events", SUBSCRIBE_TO_EVENTS)


def _path(watch: Watch) -> str:
    return SUBSCRIPTION.at(subscription=quote(watch.remote_id, safe=""))


def _asking(method: str, path: str, given: Mapping[str, str]) -> Ask:
    return Ask(
        method,
        path,
        units=1,
        headers={"content-type": "application/json"},
        content=json.dumps(given).encode(),
        max_bytes=_MAX_BYTES,
    )


def _end_of(fields: Fields, now: datetime) -> datetime:
    try:
        told = datetime.fromisoformat(text_of(fields, "expirationDateTime"))
    except ValueError:
        told = now
    until = told if told.tzinfo else told.replace(tzinfo=UTC)
    if until <= now:
        raise Temporary("a subscription was told of that has no end to come")
    latest = now + 2 * LASTS
    # What is at the end of all time has no other zone.
    return latest if until > latest else until.astimezone(UTC)


def _fault_of(answer: Answer, now: datetime) -> ProviderFault:
    """Return what a refusal means; what Graph says of the address is told as such."""
    if answer.status == HTTPStatus.BAD_REQUEST:
        try:
            code = text_of(fields_of(answer.fields(), "error"), "code")
        except Temporary:
            code = ""
        if code in _UNREACHED_CODES:
            return AppRefused(*_UNREACHED)
    return fault_of(answer, now)
