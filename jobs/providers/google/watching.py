"""Has Google tell of changes: Gmail through a topic of Pub/Sub, Google Calendar over a channel."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from jobs.providers.answer import Answer, Fields, text_of
from jobs.providers.google.faults import fault_of
from jobs.providers.google.methods import CLOSE_CHANNEL, STOP, WATCH, WATCH_EVENTS, Method
from jobs.providers.http import Ask, Lane, ProviderHTTP
from jobs.providers.page import id_of
from jobs.push.ports import Watched, WatchOrder
from jobs.push.watch import Watch
from jobs.sync.faults import AppRefused, Defect, ItemGone, PermissionMissing, Temporary
from jobs.sync.faults import ProviderFault as Fault
from jobs.sync.provider import AccountRef
from sanderling.kernel.units import MIB

LONGEST: Final = timedelta(days=31)
"""However far away Google says that a watch ends."""

PUBLISHER: Final = "gmail-api-push@system.gserviceaccount.com"
"""As whom Gmail publishes."""

_MAX_BYTES = 1 * MIB
_MOST_DIGITS = 16
_TOPIC_REFUSED = (
    "Gmail may not publish to the topic of MESSAGING_GMAIL_PUBSUB_TOPIC",
    f"Make the topic in the OAuth app's own project, and let {PUBLISHER} publish to it",
)
_ADDRESS_REFUSED = (
    "Google Calendar does not take the address that SERVER_URL leads to",
    "Let SERVER_URL be an https address with a certificate that everybody trusts",
)


class GmailWatcher:
    """Watch whole mailboxes; each has one watch, which a new one takes the place of."""

    def __init__(self, lane: Lane) -> None:
        """Go along `lane`, whose base URL is the host of Gmail."""
        self._lane = replace(lane, fault_of=_fault_of_topic)

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        """Return a watch of all that changes, which Gmail tells the order's topic of."""
        fields = await self._http(account).fields(_asking(WATCH, {"topicName": order.topic}))
        return Watched("", "", _end_of(fields, self._lane.clock.now()))

    async def renew(self, account: AccountRef, watch: Watch, order: WatchOrder) -> Watched:  # noqa: ARG002 - there is one.
        """Return the mailbox's watch, lengthened."""
        return await self.watch(account, order)

    async def stop(self, account: AccountRef, watch: Watch) -> None:  # noqa: ARG002 - as above.
        """Have Gmail publish nothing more of this mailbox."""
        await self._http(account).send(_asking(STOP, {}))

    def _http(self, account: AccountRef) -> ProviderHTTP:
        return ProviderHTTP(self._lane, account.id)


class GoogleCalendarWatcher:
    """Watch primary calendars; a channel cannot be lengthened, so another one is opened."""

    def __init__(self, lane: Lane) -> None:
        """Go along `lane`, whose base URL is the host of Google's calendars."""
        self._lane = replace(lane, fault_of=_fault_of_address)

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        """Return a channel by the order's own id; each notification shows the order's secret."""
        given = {
            "id": order.remote_id,
            "type": "web_hook",
            "address": order.address_url,
            "token": order.secret,
            "expiration": str(int(order.until.timestamp() * 1000)),
        }
        fields = await self._http(account).fields(_asking(WATCH_EVENTS, given))
        return Watched(
            order.remote_id, id_of(fields, "resourceId"), _end_of(fields, self._lane.clock.now())
        )

    async def renew(self, account: AccountRef, watch: Watch, order: WatchOrder) -> Watched:  # noqa: ARG002 - it goes on as another.
        """Return the channel that goes on in place of `watch`."""
        return await self.watch(account, order)

    async def stop(self, account: AccountRef, watch: Watch) -> None:
        """Close a channel; one that Google does not know is closed."""
        given = {"id": watch.remote_id, "resourceId": watch.resource_id}
        try:
            await self._http(account).send(_asking(CLOSE_CHANNEL, given))
        except ItemGone:
            return

    def _http(self, account: AccountRef) -> ProviderHTTP:
        return ProviderHTTP(self._lane, account.id)


def _asking(method: Method, given: Mapping[str, str]) -> Ask:
    return Ask(
        "POST",
        method.path,
        units=method.units,
        headers={"content-type": "application/json"},
        content=json.dumps(given).encode(),
        max_bytes=_MAX_BYTES,
    )


def _end_of(fields: Fields, now: datetime) -> datetime:
    """Return when a watch ends, which Google tells in milliseconds as text."""
    told = text_of(fields, "expiration")
    is_number = told.isascii() and told.isdigit() and len(told) <= _MOST_DIGITS
    left_s = int(told) / 1000 - now.timestamp() if is_number else 0.0
    if left_s <= 0:
        raise Temporary("a watch was told of that has no end to come")
    return now + timedelta(seconds=min(left_s, LONGEST.total_seconds()))


def _fault_of_topic(answer: Answer, now: datetime) -> Fault:
    """Return what a refusal means; one of no known reason is about the topic.

    Gmail publishes a first message before it answers, and whatever hinders that is told as if the
    request were wrong, the topic gone or the person not allowed.
    """
    fault = fault_of(answer, now)
    if isinstance(fault, (Defect, ItemGone)):
        return AppRefused(*_TOPIC_REFUSED)
    if isinstance(fault, PermissionMissing) and not _is_of_consent(answer):
        return AppRefused(*_TOPIC_REFUSED)
    return fault


def _is_of_consent(answer: Answer) -> bool:
    return any(
        word in answer.body
        for word in (
            *(b"insufficientPermissions", b"ACCESS_TOKEN_SCOPE_INSUFFICIENT", b"domainPolicy"),
            *(b"accessNotConfigured", b"SERVICE_DISABLED"),
        )
    )


def _fault_of_address(answer: Answer, now: datetime) -> Fault:
    is_hooks = answer.status == HTTPStatus.BAD_REQUEST and b'"webhookUrl' in answer.body
    return AppRefused(*_ADDRESS_REFUSED) if is_hooks else fault_of(answer, now)
