"""Connections that do not behave: strangers hold neither descriptors nor memory for long."""

import asyncio
import json
import select
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from sanderling.api import create_app
from sanderling.api.connection import ConnectionBounds
from sanderling.kernel.units import MIB
from support.loopback import serving
from support.services import build_house
from support.waiting import until

Exchange = Callable[[bytes], Awaitable[bytes]]

BOUNDS = ConnectionBounds(head_s=0.3, head_bytes=4096)
LIVE = b"GET /health/live HTTP/1.1\r\nHost: test\r\n"


@pytest.fixture
async def address() -> AsyncGenerator[tuple[str, int]]:
    """Yield host and port of a server with narrow bounds."""
    async with serving(create_app(build_house().services), BOUNDS) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), parts.port or 0


@asynccontextmanager
async def connection(
    address: tuple[str, int],
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yield a connection and close it, whatever the server did to it."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
def exchange(address: tuple[str, int]) -> Exchange:
    """Return what sends bytes and reads until the server closes."""

    async def send(request: bytes) -> bytes:
        async with connection(address) as (reader, writer):
            writer.write(request)
            return await reader.read()

    return send


def _problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    document = json.loads(body)
    assert document["request_id"].startswith("req_")
    return int(head.split()[1]), document["type"].rpartition(":")[2]


@pytest.mark.slow
async def test_half_a_head_is_late(exchange: Exchange) -> None:
    """Whoever does not finish a head is told so and let go."""
    assert _problem(await exchange(LIVE)) == (408, "head-late")


@pytest.mark.slow
async def test_half_of_a_second_head_is_late(address: tuple[str, int]) -> None:
    """A connection that served once is bounded like a new one."""
    async with connection(address) as (reader, writer):
        writer.write(LIVE + b"\r\n")
        await reader.readuntil(b'{"state":"ok"}')
        writer.write(LIVE)
        answer = await reader.read()

    assert _problem(answer) == (408, "head-late")


@pytest.mark.slow
async def test_silence_is_closed_without_a_word(exchange: Exchange) -> None:
    """A connection that brings nothing is closed."""
    assert await exchange(b"") == b""


async def test_a_head_without_end_is_cut(exchange: Exchange) -> None:
    """A head is not gathered in memory beyond its bound."""
    flood = b"".join(b"X-%d: %b\r\n" % (number, b"x" * 90) for number in range(60))

    assert _problem(await exchange(LIVE + flood)) == (431, "head-too-large")


async def test_noise_is_a_problem(exchange: Exchange) -> None:
    """Bytes that are no HTTP get an answer of the usual form."""
    assert _problem(await exchange(b"\x16\x03\x01 hello\r\n\r\n")) == (400, "head-malformed")


async def test_an_upgrade_is_served_as_plain_http(exchange: Exchange) -> None:
    """Asking for a WebSocket gets the ordinary answer of the route."""
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n"

    answer = await exchange(LIVE + upgrade)

    assert answer.startswith(b"HTTP/1.1 200")


async def test_a_long_body_does_not_count_as_a_head(exchange: Exchange) -> None:
    """After a request with a body longer than a head may be, the next one is served."""
    first = (
        b"POST /health/live HTTP/1.1\r\nHost: test\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000
    )
    last = LIVE + b"Connection: close\r\n\r\n"

    answer = await exchange(first + last)

    assert answer.startswith(b"HTTP/1.1 405")
    assert b"HTTP/1.1 200" in answer


async def test_connections_beyond_the_most_are_closed() -> None:
    """The server keeps descriptors for itself; those it has go on."""
    patient = ConnectionBounds(most=3)
    async with AsyncExitStack() as opened:
        url = await opened.enter_async_context(serving(create_app(build_house().services), patient))
        parts = urlsplit(url)
        address = str(parts.hostname), parts.port or 0
        reader, writer = await opened.enter_async_context(connection(address))
        for _ in range(patient.most - 1):
            await opened.enter_async_context(connection(address))

        surplus = b""
        with suppress(ConnectionError):
            async with connection(address) as (surplus_reader, _):
                surplus = await surplus_reader.read()
        writer.write(LIVE + b"Connection: close\r\n\r\n")
        answer = await reader.read()

    assert surplus == b""
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", [b"/v1/functions/echo/executions", b"/v1/calls/call_1/replay"])
@pytest.mark.parametrize("line", [b"", b"Authorization: Bearer sdl_made_up\r\n"])
async def test_an_answer_before_the_body_is_read(
    address: tuple[str, int], path: bytes, line: bytes
) -> None:
    """Who is refused while still sending gets the answer, and may ask again."""
    size = 80 * BOUNDS.head_bytes
    post = b"POST %b HTTP/1.1\r\nHost: test\r\n%bContent-Length: %d\r\n\r\n" % (path, line, size)
    async with connection(address) as (reader, writer):
        writer.write(post)
        refused = await reader.readuntil(b"}")
        for _ in range(80):
            writer.write(b"1" * BOUNDS.head_bytes)
            await writer.drain()
        writer.write(LIVE + b"Connection: close\r\n\r\n")
        served = await reader.read()

    assert refused.startswith(b"HTTP/1.1 401")
    assert served.startswith(b"HTTP/1.1 200")


@pytest.mark.slow
async def test_a_body_without_end_after_its_answer_is_cut(address: tuple[str, int]) -> None:
    """Who was refused cannot hold the connection by sending on."""
    async with connection(address) as (reader, writer):
        writer.write(
            b"POST /v1/functions HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        refused = await reader.readuntil(b"}")
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"1\r\n1\r\n")
                await writer.drain()
                await asyncio.wait({asyncio.ensure_future(reader.read(1))}, timeout=0.01)

    assert refused.startswith(b"HTTP/1.1 401")


async def test_a_trailer_without_end_is_cut() -> None:
    """What follows the last chunk of a body is bounded as a head is, while the body is awaited."""
    is_over = asyncio.Event()

    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        is_over.set()

    async with serving(reading, ConnectionBounds(head_bytes=4096)) as url:
        parts = urlsplit(url)
        async with connection((str(parts.hostname), parts.port or 0)) as (reader, writer):
            writer.write(
                b"POST /any HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
            )
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(b"x" * 1024)
                    await writer.drain()
                    await asyncio.sleep(0)
        await is_over.wait()

    assert is_over.is_set()


async def _generous(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer with more than any system keeps for a reader."""
    headers = [(b"content-length", b"%d" % (16 * MIB))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(16 * MIB)})


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"", b"Connection: close\r\n"])
async def test_whoever_does_not_read_an_answer_is_cut(line: bytes) -> None:
    """An answer that nobody takes holds neither its memory nor its connection."""
    async with serving(_generous, ConnectionBounds(unread_s=0.3)) as url:
        parts = urlsplit(url)
        with socket.create_connection((str(parts.hostname), parts.port or 0)) as caller:
            caller.sendall(LIVE + line + b"\r\n")
            watched = select.poll()
            # Asked for nothing it tells of a connection that was reset, without reading.
            watched.register(caller, 0)

            await until(lambda: bool(watched.poll(0)))


@pytest.mark.slow
async def test_a_head_that_grows_behind_a_call_waits_and_is_refused() -> None:
    """What is sent while a call runs is held back, not kept in memory, and judged afterwards."""
    is_asked, may_end = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        is_asked.set()
        await may_end.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async with serving(slow, BOUNDS) as url:
        parts = urlsplit(url)
        async with connection((str(parts.hostname), parts.port or 0)) as (reader, writer):
            writer.write(LIVE + b"\r\n")
            await is_asked.wait()
            writer.write(LIVE)
            sent = 0
            with suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(0.3):
                        writer.write(b"X-More: " + b"y" * 2**16 + b"\r\n")
                        await writer.drain()
                    sent += 2**16
            may_end.set()
            answer = await reader.readuntil(b"}")

    assert sent < 64 * 2**20
    assert answer.startswith(b"HTTP/1.1 204")
    assert b"head-too-large" in answer
