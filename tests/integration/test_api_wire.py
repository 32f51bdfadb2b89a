"""The API as bytes on a connection: what the server and the app do together."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from sanderling.api import create_app
from support.loopback import serving
from support.services import MAX_BODY_BYTES, build_house, open_http


@dataclass(frozen=True)
class Wire:
    """A served house, and a key to it."""

    host: str
    port: int
    key: str

    async def exchange(self, request: bytes) -> bytes:
        """Send bytes and return everything that comes until the server closes."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request.replace(b"KEY", self.key.encode()))
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    def head(self, *lines: str) -> bytes:
        """Return the head of a call of `echo`, with further header lines."""
        first = "POST /v1/functions/echo/executions HTTP/1.1"
        fixed = ("Host: test", "Authorization: Bearer KEY", "Content-Type: application/json")
        return "\r\n".join([first, *fixed, *lines, "", ""]).encode()


@pytest.fixture
async def wire() -> AsyncGenerator[Wire]:
    """Yield a server with the published function `echo`."""
    house = build_house()
    key = await house.key()
    async with open_http(house, key) as http:
        await http.post("/v1/functions", json={"name": "echo", "source": "x"})
        await http.post("/v1/functions/echo/versions")
    async with serving(create_app(house.services)) as url:
        parts = urlsplit(url)
        yield Wire(str(parts.hostname), parts.port or 0, key)


async def test_a_body_in_chunks_is_put_together(wire: Wire) -> None:
    """A body without a length is read to its end."""
    head = wire.head("Transfer-Encoding: chunked", "Connection: close")

    answer = await wire.exchange(head + b"2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"result":[1,2]' in answer


async def test_chunks_without_end_are_cut(wire: Wire) -> None:
    """A body that grows past the limit is refused and its connection closed."""
    head = wire.head("Transfer-Encoding: chunked")
    chunk = b"%x\r\n%b\r\n" % (MAX_BODY_BYTES + 1, b"1" * (MAX_BODY_BYTES + 1))

    answer = await wire.exchange(head + chunk)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"urn:sanderling:problem:body-too-large" in answer


async def test_a_body_that_says_it_is_too_large_is_never_asked_for(wire: Wire) -> None:
    """Who waits for `100 Continue` gets the refusal instead, and never sends the body."""
    head = wire.head(f"Content-Length: {MAX_BODY_BYTES + 1}", "Expect: 100-continue")

    answer = await wire.exchange(head)

    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_that_fits_is_asked_for(wire: Wire) -> None:
    """Who waits for `100 Continue` gets it, and then the answer."""
    reader, writer = await asyncio.open_connection(wire.host, wire.port)
    head = wire.head("Content-Length: 1", "Expect: 100-continue", "Connection: close")
    writer.write(head.replace(b"KEY", wire.key.encode()))

    async with asyncio.timeout(10):
        interim = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"7")
        answer = await reader.read()
    writer.close()

    assert interim.startswith(b"HTTP/1.1 100")
    assert b'"result":7' in answer


async def test_an_unknown_expectation_is_a_problem(wire: Wire) -> None:
    """417 says what would do."""
    answer = await wire.exchange(wire.head("Content-Length: 1", "Expect: a-miracle"))

    assert answer.startswith(b"HTTP/1.1 417")


async def test_a_head_leaves_its_connection_whole(wire: Wire) -> None:
    """After a `HEAD` the same connection serves the next request."""
    first = b"HEAD /health/live HTTP/1.1\r\nHost: test\r\n\r\n"
    second = b"GET /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"

    with capture_logs() as lines:
        answer = await wire.exchange(first + second)

    assert answer.count(b"HTTP/1.1 200") == 2
    assert [line for line in lines if line["event"] == "request.failed"] == []


async def test_head_has_no_body_on_the_wire(wire: Wire) -> None:
    """After the head of an answer to HEAD comes nothing."""
    request = b"HEAD /health/live HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"

    answer = await wire.exchange(request)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"")


async def test_one_connection_carries_many_calls(wire: Wire) -> None:
    """Requests sent one after the other without waiting are answered in order."""
    call = wire.head("Content-Length: 1")
    last = wire.head("Content-Length: 1", "Connection: close")

    answer = await wire.exchange(call + b"1" + call + b"2" + last + b"3")

    assert [b'"result":%d' % number in answer for number in (1, 2, 3)] == [True] * 3
    assert answer.index(b'"result":1') < answer.index(b'"result":2') < answer.index(b'"result":3')
