"""Requests below `/s` as bytes on a connection: what no client library would send."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from sanderling.api import create_app
from support.loopback import serving
from support.routes import Street, open_street


@dataclass(frozen=True)
class Wire:
    """A served street with a public trigger that takes every path."""

    street: Street
    host: str
    port: int

    async def exchange(self, *lines: str, body: bytes = b"") -> bytes:
        """Send a request and return everything that comes until the server closes."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            head = "\r\n".join([*lines, "Host: test", "Connection: close", "", ""])
            writer.write(head.encode("latin-1") + body)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()


@pytest.fixture
async def wire() -> AsyncGenerator[Wire]:
    """Yield a server whose one trigger takes every path below `/s`."""
    async with open_street() as street:
        await street.route("/*rest", "POST", forwarded_request_headers=["x-signature"])
        async with serving(create_app(street.house.services)) as url:
            parts = urlsplit(url)
            yield Wire(street, str(parts.hostname), parts.port or 0)


@pytest.mark.parametrize(
    "target",
    ["/s/../v1/functions", "/s/%2e%2e/v1", "/s/a/%2E%2e/b", "/s//a", "/s/a%2fb", "/s/a%00b"],
)
async def test_paths_are_not_mended(wire: Wire, target: str) -> None:
    """Nothing between the socket and the door resolves dots or slashes."""
    answer = await wire.exchange(f"POST {target} HTTP/1.1", "Content-Length: 0")

    assert answer.startswith(b"HTTP/1.1 404")
    assert await wire.street.records() == []


async def test_an_absolute_target_is_read_as_its_path_or_not_at_all(wire: Wire) -> None:
    """A request as to a proxy reaches no other host and no other route."""
    answer = await wire.exchange("POST http://evil.test/s/a HTTP/1.1", "Content-Length: 0")

    assert answer.split(b" ")[1] in {b"200", b"400", b"404"}
    for record in await wire.street.records():
        assert b"evil" not in record.event_json


async def test_two_ends_of_a_body_are_refused(wire: Wire) -> None:
    """A request that says twice where it ends cannot hide a second one."""
    hidden = b"0\r\n\r\nPOST /s/hidden HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"

    answer = await wire.exchange(
        "POST /s/a HTTP/1.1",
        f"Content-Length: {len(hidden)}",
        "Transfer-Encoding: chunked",
        body=hidden,
    )

    assert answer.startswith(b"HTTP/1.1 400")
    assert await wire.street.records() == []


@pytest.mark.parametrize(
    "line",
    [
        *("x_signature: forged", "X-Signature : forged", "x-signature\t: forged"),
        *(" x-signature: forged", "x-signatur\xe9: forged"),
    ],
)
async def test_a_header_has_one_spelling(wire: Wire, line: str) -> None:
    """What is not exactly the listed name never stands in for it."""
    await wire.exchange("POST /s/a HTTP/1.1", "Accept: */*", line, "Content-Length: 0")

    for record in await wire.street.records():
        assert b"forged" not in record.event_json


async def test_a_folded_header_is_no_second_header(wire: Wire) -> None:
    """An old way to continue a line makes no new one."""
    answer = await wire.exchange(
        "POST /s/a HTTP/1.1", "Accept: a\r\n x-signature: forged", "Content-Length: 0"
    )

    assert answer.split(b" ")[1] in {b"200", b"400"}
    for record in await wire.street.records():
        assert b"forged" not in record.event_json


async def test_a_response_has_one_head(wire: Wire) -> None:
    """A public page over a real connection carries the sandbox once, and no cookie."""
    answer = await wire.exchange("POST /s/a HTTP/1.1", "Content-Length: 0")

    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert answer.startswith(b"HTTP/1.1 200")
    assert head.count(b"content-security-policy: sandbox;") == 1
    assert head.count(b"content-security-policy") == 1
    assert b"set-cookie" not in head
