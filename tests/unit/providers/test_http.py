"""Providers are asked within bounds, and what goes wrong has a name."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from jobs.providers.answer import AnswerOutOfBounds
from jobs.providers.http import Ask, Lane, ProviderHTTP, exchange, open_client
from jobs.providers.quota import MemoryQuota
from jobs.streams.errors import HoldOver
from jobs.streams.holds import Holds
from jobs.sync.faults import AuthRevoked, Defect, RateLimited, Temporary
from sanderling.kernel.clock import VirtualClock
from support.providers import ACCOUNT, BASE_URL, Desk, fault_of, scripted
from support.streams import a_stream

GET = Ask("GET", "/items", units=5)


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    """Yield a way to a provider that answers by a script."""
    async with scripted() as made:
        yield made


async def test_a_request_carries_its_token_and_counts_its_units(desk: Desk) -> None:
    """What is asked goes to the base URL, let in by the account's token, and is counted."""
    desk.script.then(json={"a": 1})

    fields = await desk.http.fields(Ask("GET", "/items", units=5, params={"q": ("x", "y")}))

    assert fields == {"a": 1}
    assert [str(asked.url) for asked in desk.script.asked] == [
        "https://provider.test/base/items?q=x&q=y"
    ]
    assert desk.script.tokens == ["Bearer first"]
    assert desk.quota.units == {ACCOUNT: 5}


async def test_nothing_goes_out_for_an_account_that_is_held_no_longer() -> None:
    """The last look is after the waits for quota and for a token."""
    clock = VirtualClock()
    holds = Holds(clock)
    holds.keep(a_stream(ACCOUNT), clock.now() + timedelta(seconds=1))

    class SlowQuota(MemoryQuota):
        async def take(self, account_id: str, units: int) -> None:
            await super().take(account_id, units)
            clock.advance(1)

    async with scripted() as desk:
        client = open_client(BASE_URL, transport=httpx2.MockTransport(desk.script.handle))
        lane = Lane(client, desk.tokens, SlowQuota(), clock, fault_of, holds.require)

        with pytest.raises(HoldOver):
            await ProviderHTTP(lane, ACCOUNT).fields(GET)

    assert desk.script.asked == []


async def test_a_refused_token_is_refreshed_once(desk: Desk) -> None:
    """After a 401 the same request goes out with a new token."""
    desk.script.then(401).then(json={})

    await desk.http.fields(GET)

    assert desk.script.tokens == ["Bearer first", "Bearer second"]


async def test_a_fresh_token_that_is_refused_is_not_refreshed_again(desk: Desk) -> None:
    """Two refusals in a row are the provider's trouble; the account keeps its consent."""
    desk.script.then(401).then(401)

    with pytest.raises(Temporary):
        await desk.http.fields(GET)

    assert desk.tokens.refreshes == 1


async def test_consent_that_ended_shows_at_the_refresh() -> None:
    """When there is no further token, the account has to be connected again."""
    async with scripted(renewed=()) as desk:
        desk.script.then(401)

        with pytest.raises(AuthRevoked):
            await desk.http.fields(GET)


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", b'{"a": [1,', b"[1]", b"", b"\xff", b"[" * 100_000]
)
async def test_a_success_that_is_no_json_object_is_tried_again(desk: Desk, body: bytes) -> None:
    """A proxy's page and half an answer are no answers."""
    desk.script.then(content=body)

    with pytest.raises(Temporary):
        await desk.http.fields(GET)


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("at https://provider.test/base/items?secret"),
        httpx2.ReadTimeout("secret"),
        httpx2.RemoteProtocolError("secret"),
        TimeoutError("secret"),
    ],
)
async def test_a_broken_connection_is_temporary_and_tells_no_address(
    desk: Desk, error: Exception
) -> None:
    """Whatever breaks on the way passes; its words may hold what was asked, so they are dropped."""
    desk.script.fails(error)

    with pytest.raises(Temporary) as raised:
        await desk.http.fields(GET)

    assert "secret" not in str(raised.value)


async def test_an_answer_is_read_up_to_its_bound(desk: Desk) -> None:
    """What is larger than was asked for is left unread."""
    desk.script.then(content=b"x" * 11).then(content=b"x" * 10)

    with pytest.raises(AnswerOutOfBounds):
        await desk.http.send(Ask("GET", "/items", max_bytes=10))
    assert (await desk.http.send(Ask("GET", "/items", max_bytes=10))).body == b"x" * 10


async def test_what_is_packed_is_read_up_to_its_bound_as_well(desk: Desk) -> None:
    """A few bytes that stand for many are counted as the many."""
    packed = gzip.compress(b"x" * 5_000_000)
    desk.script.then(content=packed, headers={"content-encoding": "gzip"})

    with pytest.raises(AnswerOutOfBounds):
        await desk.http.send(Ask("GET", "/items", max_bytes=100_000))


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd", "gzip, identity, gzip"])
async def test_what_is_packed_twice_or_otherwise_is_not_unpacked(desk: Desk, packing: str) -> None:
    """Packed twice, a kilobyte stands for a gigabyte before anyone could count."""
    packed = gzip.compress(gzip.compress(b"{}"))
    desk.script.answers.append(_streamed(packed, packing))

    with pytest.raises(Temporary, match="packed"):
        await desk.http.send(GET)


def _streamed(content: bytes, packing: str) -> httpx2.Response:
    """Return a response whose body is not unpacked before it is asked for."""
    headers = {"content-encoding": packing}
    return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(content))


async def test_an_answer_that_drips_for_ever_ends() -> None:
    """However little comes at a time, the whole has to come within its time."""

    class Drip(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b" "
                await asyncio.sleep(0)

    async def drip(_: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        return httpx2.Response(200, stream=Drip())

    async with open_client("https://provider.test", transport=httpx2.MockTransport(drip)) as client:
        request = client.build_request("GET", "/items")
        with pytest.raises(Temporary, match="too long"):
            await exchange(client, request, 2**40, within_s=0.05)


@pytest.mark.parametrize(
    "ask",
    [
        Ask("GET", "/items\x00"),
        Ask("GET", f"/{'x' * 70_000}"),
        Ask("GET", "/items", params={"page": "\ud800"}),
        Ask("GET", "/items", params={"page": "x" * 70_000}),
    ],
    ids=["control", "long", "surrogate", "long-parameter"],
)
async def test_an_address_that_cannot_be_written_is_a_defect(desk: Desk, ask: Ask) -> None:
    """What a provider made us ask for has a name when it cannot be asked for."""
    with pytest.raises(Defect):
        await desk.http.send(ask)

    assert desk.script.asked == []


async def test_redirects_are_not_followed(desk: Desk) -> None:
    """A token goes to the address that was configured and to no other."""
    desk.script.then(302, headers={"location": "https://elsewhere.test/"})

    with pytest.raises(Defect):
        await desk.http.fields(GET)

    assert len(desk.script.asked) == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.test/base/items",
        "http://provider.test/base/items",
        "https://provider.test:444/base/items",
        "https://provider.test@elsewhere.test/base",
    ],
)
async def test_a_foreign_link_gets_no_token(desk: Desk, link: str) -> None:
    """A page's link is followed at the provider's own address alone."""
    with pytest.raises(Temporary):
        await desk.http.fields(Ask("GET", link))

    assert not desk.script.asked


async def test_a_link_of_the_providers_own_is_followed_as_it_is(desk: Desk) -> None:
    """The next page is asked for by the very address that was given."""
    desk.script.then(json={})

    await desk.http.fields(Ask("GET", "https://provider.test/base/items?page=a%2Fb"))

    assert str(desk.script.asked[0].url) == "https://provider.test/base/items?page=a%2Fb"


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("999999999", 86400.0),
        ("Fri, 01 Jan 2027 00:00:00 GMT", 86400.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
async def test_how_long_to_wait_is_read_as_seconds_or_a_date(
    desk: Desk, header: str, wait_s: float | None
) -> None:
    """Retry-After is believed in both of its forms, up to a day, and never backwards."""
    desk.script.then(429, headers={"retry-after": header})

    with pytest.raises(RateLimited) as raised:
        await desk.http.fields(GET)

    assert raised.value.retry_after_s == wait_s
