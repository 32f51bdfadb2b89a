"""Where providers tell that something changed: `/push/gmail` and its like.

Guarantees: all that comes of a notification is that a stream is looked at sooner. Nothing is
answered that tells a stranger whether an id, a mailbox or a workspace exists: what is not believed
is answered as what is. The one thing that is repeated is the token by which Graph validates an
address, as plain text of harmless letters. Whoever is often not believed is turned away by network
before anything is looked up; what Google signed, and secrets that are known, pass in any
case. Bodies are small, and none is read while push is off.
Relies on the edge for the headers that every answer has, and on the door for secrets.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.push.door import PushDoor, Told
from jobs.sync.faults import ProviderFault
from sanderling.api.bearer import bearer_key
from sanderling.api.body import check_headers, read_body
from sanderling.api.errors import BodyTooLarge, PushRefused, PushUnproven, RouteUnknown
from sanderling.api.exchange import exchange_of
from sanderling.api.lost_callers import LostCallers
from sanderling.api.push_notice import (
    header_text,
    mailbox_told,
    subscriptions_told,
    validation_token,
)
from sanderling.api.respond import send_bytes
from sanderling.api.services import Services
from sanderling.kernel.events import NotificationReceived
from sanderling.kernel.units import KIB

GMAIL = "/push/gmail"
GOOGLE_CALENDAR = "/push/google-calendar"
MICROSOFT = "/push/microsoft"

MAX_BYTES = 256 * KIB

MOST_COUNTED = 10
"""How many entries of one body are counted that were in vain."""

_NOWHERE = "unknown"


class _Reception:
    """What the three addresses share: whether push is on, who comes in vain, what is counted."""

    provider = ""

    def __init__(self, services: Services, lost: LostCallers) -> None:
        """Take notifications for `services`; callers who come in vain are known to `lost`."""
        self._services = services
        self._lost = lost

    @property
    def _door(self) -> PushDoor:
        """Return the door.

        Raises:
            RouteUnknown: push is off.

        """
        door = self._services.push
        if door is None or not door.is_open:
            raise RouteUnknown
        return door

    def _count(self, outcome: str) -> None:
        self._services.bus.publish(NotificationReceived(self.provider, outcome))

    async def _told(self, scope: Scope, *, is_known: bool) -> None:
        """Count a notification, and whoever sent it in vain.

        Raises:
            RateLimited: that one came in vain too often.

        """
        self._count("taken" if is_known else "unknown")
        if not is_known:
            await self._lost.count(_address(scope))

    def _admitted(self, scope: Scope, *, is_stranger: bool) -> AbstractContextManager[None]:
        """Let in whoever is known; strangers one by one, and none who often came in vain.

        Raises:
            RateLimited: it is such a stranger, when the context is entered.

        """
        return self._lost.looking(_address(scope)) if is_stranger else nullcontext()


class GmailPush(_Reception):
    """Take messages of Pub/Sub about mailboxes of Gmail."""

    provider = "gmail"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 204 to whatever Google signed for us, so that Pub/Sub does not repeat it."""
        door = self._door
        token = bearer_key(exchange_of(scope).authorization)
        await self._prove(scope, token.text if token else "")
        address = mailbox_told(await _small_body(scope, receive))
        is_known = bool(address) and await door.gmail(address)
        # Google has signed it, so it is no stranger who names what is not here any more.
        self._count("taken" if is_known else "unknown")
        await _send_nothing(send, HTTPStatus.NO_CONTENT)

    async def _prove(self, scope: Scope, token: str) -> None:
        """Pass what Google signed, also from a network that came in vain too often.

        Behind a proxy Google has the address of everybody, so that tokens are looked at in any
        case; that asks no database.

        Raises:
            PushRefused: Google did not sign it for us.
            PushUnproven: nobody can tell now.
            RateLimited: one of both, too often.

        """
        address = _address(scope)
        try:
            is_signed = await self._services.is_signed(token)
        except ProviderFault as fault:
            self._count("unproven")
            if not self._lost.trusts(address):
                await self._count_in_vain(address)
            raise PushUnproven from fault
        if not is_signed:
            self._count("refused")
            await self._count_in_vain(address)
            raise PushRefused
        self._lost.trust(address)

    async def _count_in_vain(self, address: str) -> None:
        with self._lost.looking(address):
            await self._lost.count(address)


class GoogleCalendarPush(_Reception):
    """Take what Google Calendar tells over its channels: headers alone."""

    provider = "google-calendar"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - there is no body.
        """Answer 204, whether there is such a channel or not."""
        door, headers = self._door, scope["headers"]
        channel_id = header_text(headers, b"x-goog-channel-id")
        token = header_text(headers, b"x-goog-channel-token")
        state = header_text(headers, b"x-goog-resource-state")
        with self._admitted(scope, is_stranger=not self._lost.knows(channel_id, token)):
            is_known = bool(channel_id and token) and await door.channel(channel_id, token, state)
            if is_known:
                self._lost.believe(channel_id, token)
            await self._told(scope, is_known=is_known)
        await _send_nothing(send, HTTPStatus.NO_CONTENT)


class MicrosoftPush(_Reception):
    """Take what Graph tells of subscriptions, and answer for this address when it asks."""

    provider = "microsoft"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 202, whether there are such subscriptions or not; a validation gets its token."""
        door = self._door
        try:
            token = validation_token(scope["query_string"])
        except ValueError:
            token = ""
        if token:
            self._count("validated")
            await send_bytes(send, token.encode("ascii"), content_type=b"text/plain; charset=utf-8")
            return
        # An address that is asked for a token which is none is asked by nobody of Graph's.
        body = await _small_body(scope, receive) if token is None else b""
        believed, strange = self._parted(subscriptions_told(body))
        if believed:
            await door.subscriptions(believed)
        # Whoever brings nothing comes in vain as well.
        if strange or not believed:
            with self._admitted(scope, is_stranger=True):
                await self._meet(door, scope, strange, is_known=bool(believed))
        else:
            self._count("taken")
        await _send_nothing(send, HTTPStatus.ACCEPTED)

    def _parted(self, entries: Sequence[Told]) -> tuple[Sequence[Told], Sequence[Told]]:
        """Return what shows a secret that was believed before, and the rest."""
        believed: list[Told] = []
        strange: list[Told] = []
        for told in entries:
            is_known = self._lost.knows(told.subscription_id, told.client_state)
            (believed if is_known else strange).append(told)
        return believed, strange

    async def _meet(
        self, door: PushDoor, scope: Scope, strange: Sequence[Told], *, is_known: bool
    ) -> None:
        """Take what was never believed here, and count each entry that was in vain.

        Raises:
            RateLimited: they were too many.

        """
        found = await door.subscriptions(strange)
        for told, is_ours in zip(strange, found, strict=True):
            if is_ours:
                self._lost.believe(told.subscription_id, told.client_state)
        self._count("taken" if is_known or any(found) else "unknown")
        # Nothing at all counts as one.
        in_vain = len(found) - sum(found) or int(not found)
        await self._lost.count(_address(scope), min(in_vain, MOST_COUNTED))


Reception: TypeAlias = Callable[[Services, LostCallers], ASGIApp]

RECEPTIONS: dict[str, Reception] = {
    GMAIL: GmailPush,
    GOOGLE_CALENDAR: GoogleCalendarPush,
    MICROSOFT: MicrosoftPush,
}


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else _NOWHERE


async def _small_body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLarge: it is, or says that it will be, larger than any notification.

    """
    check_headers(scope, MAX_BYTES)
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BYTES:
            raise BodyTooLarge(allowed_bytes=MAX_BYTES)
        return message

    return await read_body(counted)


async def _send_nothing(send: Send, status: HTTPStatus) -> None:
    headers: list[tuple[bytes, bytes]] = []
    if status is not HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", b"0"))
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
