"""The HTTP client against servers that are away, slow, strange or cut off."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.port import OutcomeKind
from sanderling.access.errors import KeyMalformed
from sanderling.client import Sanderling
from sanderling.client.errors import (
    AnswerUnreadableError,
    ServerFailedError,
    ServerRefused,
    ServerUnreachableError,
    URLRefused,
)
from sanderling.client.http_transport import RETRY_AFTER_S, HTTPTransport
from sanderling.kernel.clock import VirtualClock
from support.services import build_house

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class EagerClock(VirtualClock):
    """Lets no one wait, and remembers how long they would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    async def wait_s(self, duration_s: float) -> None:
        """Return at once."""
        self.waits_s.append(duration_s)
        await asyncio.sleep(0)


class Answering:
    """A server that reads a request's head and then answers as it was told to."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.heads: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close; an empty answer only closes."""
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answers[min(len(self.heads), len(self.answers)) - 1])
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def _listening(handler: Handler) -> AsyncGenerator[str]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _http(status: int, body: bytes, content_type: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}"
    return f"{head}\r\nconnection: close\r\n\r\n".encode() + body


@asynccontextmanager
async def _client(url: str, clock: EagerClock | None = None) -> AsyncGenerator[Sanderling]:
    key = await build_house().key()
    transport = HTTPTransport(url, key, clock=clock or EagerClock())
    async with Sanderling(transport=transport) as client:
        yield client


async def test_a_server_that_is_away_is_unreachable() -> None:
    """The fault names host and port, and nothing of the key."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with _client(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(ServerUnreachableError) as caught:
            await client.call("echo", {})

    assert caught.value.facts["server"] == f"127.0.0.1:{port}"
    assert "sdl_" not in str(caught.value) + repr(caught.value) + repr(client)


async def test_reading_is_tried_again_and_then_given_up() -> None:
    """A read is safe to repeat: at most twice, after a pause."""
    clock, server = EagerClock(), Answering(b"")
    async with _listening(server.serve) as url, _client(url, clock) as client:
        with pytest.raises(ServerUnreachableError):
            await client.functions.list()

    assert (len(server.heads), clock.waits_s) == (3, list(RETRY_AFTER_S))


async def test_reading_succeeds_when_the_server_is_back() -> None:
    """A server that restarts is not noticed by who reads."""
    server = Answering(b"", _http(200, b'{"items": [], "next_cursor": null, "newer": 1}'))
    async with _listening(server.serve) as url, _client(url) as client:
        page = await client.functions.list()

    assert (page.items, len(server.heads)) == ([], 2)


async def test_writing_is_never_tried_again() -> None:
    """What changes something is sent once."""
    server = Answering(b"")
    async with _listening(server.serve) as url, _client(url) as client:
        with pytest.raises(ServerUnreachableError):
            await client.functions.publish("echo")

    assert len(server.heads) == 1


async def test_a_call_that_was_cut_off_may_have_run() -> None:
    """A call is sent once; without an answer its outcome is unknown, and it says so."""
    server = Answering(b"")
    async with _listening(server.serve) as url, _client(url) as client:
        outcome = await client.call("echo", {})

    assert (outcome.kind, len(server.heads)) == (OutcomeKind.UNKNOWN_OUTCOME, 1)
    assert "may have run" in outcome.detail


@pytest.mark.parametrize(
    "answer",
    [
        _http(200, b"<html>hello</html>", "text/html"),
        _http(200, b"[]"),
        _http(200, b"{}"),
        _http(502, b"Bad Gateway", "text/plain"),
        _http(200, b'{"outcome": "wonderful"}'),
    ],
)
async def test_a_strange_answer_is_a_fault(answer: bytes) -> None:
    """Whatever else listens there, the caller gets one kind of fault."""
    async with _listening(Answering(answer).serve) as url, _client(url) as client:
        with pytest.raises(AnswerUnreadableError):
            await client.call("echo", {})
        with pytest.raises(AnswerUnreadableError):
            await client.functions.get("echo")


async def test_a_fault_of_the_server_tells_the_request_id() -> None:
    """An internal error leads to the server's log."""
    body = b'{"type": "urn:sanderling:problem:internal", "status": 500, "detail": "Broke.", '
    body += b'"request_id": "req_7"}'
    async with _listening(Answering(_http(500, body)).serve) as url, _client(url) as client:
        with pytest.raises(ServerFailedError) as caught:
            await client.call("echo", {})

    assert (caught.value.facts["code"], caught.value.facts["request_id"]) == ("internal", "req_7")


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "urn:sanderling:problem:too-new", "status": 418, "detail": "New."}',
        b'{"type": "urn:sanderling:problem:rate-limited", "status": 429, "detail": "Odd."}',
        b'{"type": "urn:sanderling:problem:code-rejected", "status": 422, "error": 5}',
        b'{"type": "about:blank", "status": 404}',
        b'{"status": 404}',
    ],
)
async def test_a_refusal_that_is_not_known_here_is_one_all_the_same(body: bytes) -> None:
    """A newer server, or one in between, refuses in words that the client passes on."""
    async with _listening(Answering(_http(404, body)).serve) as url, _client(url) as client:
        with pytest.raises(ServerRefused):
            await client.functions.get("echo")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:3000",
        "ftp://host",
        "http://",
        "http://user:secret@host",
        "http://host?a=secret",
        "http://host#a",
        "http://host:99999999",
        "http://[::1",
    ],
)
def test_what_is_not_the_url_of_a_server_is_refused(url: str) -> None:
    """A URL with a password or a typing error is refused without repeating it."""
    with pytest.raises(URLRefused) as caught:
        Sanderling(url)

    assert "secret" not in str(caught.value)


def test_a_malformed_key_is_refused_before_it_is_sent() -> None:
    """A key with a line break never becomes a header."""
    with pytest.raises(KeyMalformed):
        Sanderling("http://host", key="sdl_x\r\nX-Evil: 1")


async def test_an_ipv6_host_is_shown_in_brackets() -> None:
    """The fault names the server as it is written."""
    assert repr(Sanderling("http://[::1]:3000")) == "Sanderling(HTTPTransport('[::1]:3000'))"
