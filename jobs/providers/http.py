"""Asks a provider over HTTP: bounded, counted, let in by a token, and never redirected.

One request goes out at most twice: a token that is refused is refreshed, once. Everything else
that goes wrong is raised as a kind of `ProviderFault`, and whoever runs the sync decides when to
try again.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import httpx2

from jobs.accounts.tokens import Tokens
from jobs.providers.answer import Answer, AnswerOutOfBounds, Fields
from jobs.providers.quota import Quota
from jobs.streams.holds import MayAsk, always
from jobs.sync.faults import Defect, ProviderFault, Temporary
from sanderling.kernel.clock import Clock
from sanderling.kernel.units import MIB

MAX_ANSWER_BYTES = 64 * MIB
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
TOTAL_TIMEOUT_S = 120.0
"""The longest that one request takes, however slowly its answer drips."""

_UNAUTHORIZED = 401
_PACKED = {"", "identity", "gzip", "deflate"}
"""Of these at most one: each time that an answer is packed again, a few bytes stand for a thousand
times more, before they are counted."""

FaultReader: TypeAlias = Callable[[Answer, datetime], ProviderFault]
"""Says what an answer that is no success means to this provider."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: a path below the base URL or an address of the provider's own, and its cost."""

    method: str
    path: str
    units: int = 0
    params: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = field(default=None, repr=False)
    max_bytes: int = MAX_ANSWER_BYTES


def open_client(
    base_url: str, *, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Return a client for one provider; whoever opens it closes it.

    Proxies and netrc of the environment are left out, and so are redirects: a token goes to the
    address that was configured and to no other.
    """
    return httpx2.AsyncClient(
        base_url=base_url,
        transport=transport,
        timeout=httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        trust_env=False,
        follow_redirects=False,
    )


@dataclass(frozen=True, slots=True)
class Lane:
    """What requests to one provider share: its connections, its tokens, its quota, its words.

    `may_ask` is asked last, just before a request goes out: all before that may take a while.
    """

    client: httpx2.AsyncClient
    tokens: Tokens
    quota: Quota
    clock: Clock
    fault_of: FaultReader
    may_ask: MayAsk = always


class ProviderHTTP:
    """Ask one provider on behalf of one account."""

    def __init__(self, lane: Lane, account_id: str) -> None:
        """Go along `lane` with the tokens of this account."""
        self._lane = lane
        self.account_id = account_id

    async def fields(self, ask: Ask) -> Fields:
        """Return the JSON object that was answered.

        Raises:
            ProviderFault: as `send`, and `Temporary` when a success is not a whole JSON object.

        """
        return (await self.send(ask)).fields()

    async def send(self, ask: Ask) -> Answer:
        """Return an answer that is a success.

        Raises:
            ProviderFault: what the provider refused with, in our words.
            HoldOver: nothing may be asked for this account any more.

        """
        await self._lane.quota.take(self.account_id, ask.units)
        token = await self._lane.tokens.access_token(self.account_id)
        answer = await self._ask(ask, token)
        if answer.status == _UNAUTHORIZED:
            token = await self._lane.tokens.refresh(self.account_id, token)
            answer = await self._ask(ask, token)
        if answer.status == _UNAUTHORIZED:
            # A token minutes old is refused: consent that ended shows when it is refreshed.
            raise Temporary("a token was refused just after it was refreshed")
        if not answer.is_success:
            raise self._lane.fault_of(answer, self._lane.clock.now())
        return answer

    async def renew_token(self) -> None:
        """Have the token refreshed that requests go out with now.

        For a provider that refuses a token within an answer that is a success.
        """
        token = await self._lane.tokens.access_token(self.account_id)
        await self._lane.tokens.refresh(self.account_id, token)

    async def _ask(self, ask: Ask, token: str) -> Answer:
        try:
            request = self._lane.client.build_request(
                ask.method,
                self._own_url(ask.path),
                params=dict(ask.params) or None,
                headers={**ask.headers, "authorization": f"Bearer {token}"},
                content=ask.content,
            )
        except (httpx2.InvalidURL, ValueError):
            # What it was made of came from the provider, and is not repeated.
            raise Defect("it cannot be written") from None
        self._lane.may_ask(self.account_id)
        return await exchange(self._lane.client, request, ask.max_bytes)

    def _own_url(self, path: str) -> httpx2.URL:
        """Return the address to ask; a foreign one, in a page's link, would be sent our token."""
        base = self._lane.client.base_url
        url = base.join(path) if "://" in path else httpx2.URL(f"{str(base).rstrip('/')}{path}")
        if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
            raise Temporary("the provider named an address that is not its own")
        return url


async def exchange(
    client: httpx2.AsyncClient,
    request: httpx2.Request,
    max_bytes: int,
    *,
    within_s: float = TOTAL_TIMEOUT_S,
) -> Answer:
    """Return the whole answer to a request, whatever its status, within the bounds.

    Raises:
        AnswerOutOfBounds: it is larger than `max_bytes`.
        Temporary: the connection broke, it took too long, or it is packed twice.

    """
    try:
        async with asyncio.timeout(within_s):
            return await _read(client, request, max_bytes)
    except TimeoutError:
        raise Temporary("the answer took too long") from None
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        # The error's own words may hold the address, and with it ids of messages.
        raise Temporary(f"the connection failed ({type(error).__name__})") from None


async def _read(client: httpx2.AsyncClient, request: httpx2.Request, max_bytes: int) -> Answer:
    response = await client.send(request, stream=True)
    try:
        if response.headers.get("content-encoding", "").strip().lower() not in _PACKED:
            raise Temporary("the answer is packed as was not asked for")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise AnswerOutOfBounds(f"an answer is larger than {max_bytes} bytes")
    finally:
        await response.aclose()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, bytes(body))
