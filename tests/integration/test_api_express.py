"""The short way of a call: nobody can tell it from the way of every other request."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from drivers.port import OutcomeKind
from runner.call_filter import CallFilter
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.access.principal import BearerKey
from sanderling.api import App, create_app
from sanderling.api.express import Answer, Express
from sanderling.api.problem import Header
from sanderling.kernel.jsontext import JSON
from sanderling.kernel.units import KIB
from support.loopback import serving
from support.services import GENEROUS, House, build_house, open_http
from support.waiting import until

# What differs from one call to the next, whichever way it goes.
_PASSING = re.compile(
    rb'call_[0-9A-Z]{26}|req_[0-9A-Z]{26}|"duration_ms":[0-9.]+|;r=[0-9]+|\r\ndate: [^\r]+'
)
USUAL = "?version=live"
"""A query changes nothing here, but no request with one goes the short way."""


def _short_way(app: App) -> Express:
    """Return what takes whole calls past the router."""
    assert app.express is not None
    return app.express


class _Counted(Express):
    """Counts what another one answers."""

    def __init__(self, inner: Express) -> None:
        self.most_bytes = inner.most_bytes
        self.answered = 0
        self._inner = inner

    async def answer(
        self, name: str, headers: Iterable[Header], body: bytes, *, fixed: bytes
    ) -> Answer:
        self.answered += 1
        return await self._inner.answer(name, headers, body, fixed=fixed)


@dataclass
class Wire:
    """A served house with a key, and the express that counts."""

    house: House
    host: str
    port: int
    key: str
    express: _Counted
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, name: str, *lines: str, query: str = "", body: bytes = b"1") -> bytes:
        """Return the bytes of one call."""
        first = f"POST /v1/functions/{name}/executions{query} HTTP/1.1"
        head = "\r\n".join([first, "Host: test", f"Content-Length: {len(body)}", *lines, "", ""])
        return head.replace("KEY", self.key).encode() + body

    async def ask(self, request: bytes) -> bytes:
        """Return the one answer to one request."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request)
            async with asyncio.timeout(10):
                return await read_answer(reader)
        finally:
            writer.close()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """Return the next answer, without what differs from call to call."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: ([0-9]+)", head)
    assert length is not None
    body = await reader.readexactly(int(length[1]))
    return _PASSING.sub(b"", head.replace(length[0], b"") + body)


@pytest.fixture
async def wire() -> AsyncGenerator[Wire]:
    """Yield a server with functions that end in several ways."""
    released = asyncio.Event()

    async def wait(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
        await released.wait()
        return "late"

    house = build_house(handlers={"wait": wait})
    key = await house.key()
    sources = {"echo": "x", "wait": "wait"}
    for kind in (OutcomeKind.USER_ERROR, OutcomeKind.SATURATED, OutcomeKind.PLATFORM_ERROR):
        sources[kind.value] = f"# outcome: {kind}"
    async with open_http(house, key) as http:
        for name, source in sources.items():
            await http.post("/v1/functions", json={"name": name, "source": source})
            await http.post(f"/v1/functions/{name}/versions")
        await http.post("/v1/functions", json={"name": "draft", "source": "x"})
    app = create_app(house.services)
    app.express = express = _Counted(_short_way(app))
    async with serving(app) as url:
        parts = urlsplit(url)
        yield Wire(house, str(parts.hostname), parts.port or 0, key, express, released)


KEY = "Authorization: Bearer KEY"
JSON_TYPE = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("name", "lines", "body"),
    [
        ("echo", (KEY, JSON_TYPE), b'{"lead":[7]}'),
        ("echo", (KEY, JSON_TYPE, "X-Request-Id: mine-1"), b"1"),
        ("echo", (KEY, JSON_TYPE, "X-Request-Id: b/d"), b"1"),
        ("echo", (KEY, JSON_TYPE, "Connection: keep-alive"), b"1"),
        ("echo", (KEY,), b""),
        ("echo", (KEY, JSON_TYPE), b"{not json}"),
        ("echo", (KEY, "Content-Type: text/plain"), b"1"),
        ("echo", (KEY,), b"1"),
        ("echo", (JSON_TYPE,), b"1"),
        ("echo", ("Authorization: Basic KEY", JSON_TYPE), b"1"),
        ("echo", ("Authorization: Bearer sdl_nothing", JSON_TYPE), b"1"),
        ("nothing", (KEY, JSON_TYPE), b"1"),
        ("No-Name", (KEY, JSON_TYPE), b"1"),
        ("draft", (KEY, JSON_TYPE), b"1"),
        ("user_error", (KEY, JSON_TYPE), b"1"),
        ("saturated", (KEY, JSON_TYPE), b"1"),
        ("platform_error", (KEY, JSON_TYPE), b"1"),
    ],
)
async def test_both_ways_answer_the_same(
    wire: Wire, name: str, lines: tuple[str, ...], body: bytes
) -> None:
    """Whatever becomes of a call, status, headers and body are those of the usual way."""
    usual = await wire.ask(wire.request(name, *lines, query=USUAL, body=body))
    assert wire.express.answered == 0

    short = await wire.ask(wire.request(name, *lines, body=body))

    assert wire.express.answered == 1
    assert usual == short


async def test_a_limit_refuses_on_both_ways() -> None:
    """A call that comes too soon is a problem with the time to wait, and not a closed door."""
    short_limit = RateLimit(limit=1, ttl_ms=60_000)
    house = build_house(policy=LimitPolicy(GENEROUS, GENEROUS, short_limit))
    key = await house.key()
    async with open_http(house, key) as http:
        await http.post("/v1/functions", json={"name": "echo", "source": "x"})
        await http.post("/v1/functions/echo/versions")
    app = create_app(house.services)
    app.express = express = _Counted(_short_way(app))
    async with serving(app) as url:
        parts = urlsplit(url)
        wire = Wire(house, str(parts.hostname), parts.port or 0, key, express)

        first = await wire.ask(wire.request("echo", KEY, JSON_TYPE))
        short = await wire.ask(wire.request("echo", KEY, JSON_TYPE))
        usual = await wire.ask(wire.request("echo", KEY, JSON_TYPE, query=USUAL))

    assert first.startswith(b"HTTP/1.1 200")
    assert b"\r\nretry-after: 60" in short
    assert usual == short


async def test_both_ways_count_and_log_the_same(wire: Wire) -> None:
    """Metrics do not tell the ways apart, and neither does the log of what failed."""
    told: list[list[tuple[object, ...]]] = []
    for query in (USUAL, ""):
        with capture_logs() as lines:
            for name in ("echo", "nothing", "saturated"):
                await wire.ask(wire.request(name, KEY, JSON_TYPE, query=query))
        told.append([(line["event"], line.get("problem"), line["log_level"]) for line in lines])

    reader, writer = await asyncio.open_connection(wire.host, wire.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
    metrics = (await reader.read()).decode()
    writer.close()
    route = 'method="POST",route="/v1/functions/{name}/executions"'
    for status in (200, 404, 503):
        assert f'sanderling_http_requests_total{{{route},status="{status}"}} 2.0' in metrics
    usual, short = told
    # At the usual level nobody reads the line of a call that went well, so it is not made.
    assert [line for line in usual if line[2] != "debug"] == short


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Connection: close", b"200"),
        ("Transfer-Encoding: chunked", b"400"),
        ("Upgrade: websocket\r\nConnection: Upgrade", b"200"),
        ("Expect: a-miracle", b"417"),
    ],
)
async def test_what_is_unusual_goes_the_usual_way(wire: Wire, line: str, status: bytes) -> None:
    """A header that changes how a request is read or answered keeps it off the short way."""
    answer = await wire.ask(wire.request("echo", KEY, JSON_TYPE, line))

    assert answer.split(b" ", 2)[1] == status
    assert wire.express.answered == 0


@pytest.mark.parametrize("query", [USUAL, ""])
async def test_what_follows_a_body_is_no_header(wire: Wire, query: str) -> None:
    """A key in a trailer opens nothing: whoever stands before us did not judge it."""
    head = f"POST /v1/functions/echo/executions{query} HTTP/1.1\r\nHost: test\r\n{JSON_TYPE}\r\n"
    body = f"Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n{KEY}\r\n\r\n"

    answer = await wire.ask((head + body).replace("KEY", wire.key).encode())

    assert answer.startswith(b"HTTP/1.1 401")


async def test_a_call_in_pieces_is_put_together(wire: Wire) -> None:
    """A body that does not come with its head is served the usual way, and whole."""
    # As long as an event may be; with its head it is more than a loop reads at once.
    text = b'"%b"' % (b"x" * (256 * KIB - 2))

    answer = await wire.ask(wire.request("echo", KEY, JSON_TYPE, body=text))

    assert answer.startswith(b"HTTP/1.1 200")
    assert text in answer
    assert wire.express.answered == 0


async def test_calls_in_one_piece_are_answered_in_order(wire: Wire) -> None:
    """Requests that come together wait for one another, each with headers of its own."""
    names = ("first", "second", "third")
    calls = [wire.request("echo", KEY, JSON_TYPE, f"X-Request-Id: {name}") for name in names]

    reader, writer = await asyncio.open_connection(wire.host, wire.port)
    writer.write(b"".join(calls))
    async with asyncio.timeout(10):
        answers = [await read_answer(reader) for _ in names]
        writer.write(calls[0])
        again = await read_answer(reader)
    writer.close()

    for name, answer in zip(names, answers, strict=True):
        assert b"\r\nx-request-id: %b\r\n" % name.encode() in answer
    assert again == answers[0]


async def test_a_call_whose_caller_has_gone_is_kept(wire: Wire) -> None:
    """It goes on to its end, and its record is there."""
    _, writer = await asyncio.open_connection(wire.host, wire.port)
    writer.write(wire.request("wait", KEY, JSON_TYPE))
    await until(lambda: wire.express.answered == 1)
    writer.close()
    await writer.wait_closed()
    wire.released.set()

    async def is_kept() -> bool:
        services = wire.house.services
        principal = await services.gate.authenticate(BearerKey(wire.key))
        page = await services.calls.list(principal, matching=CallFilter(), limit=10, cursor=None)
        return [record.outcome.result for record in page.rows] == ["late"]

    await until(is_kept)


async def test_a_call_under_way_is_answered_when_the_server_stops() -> None:
    """The last answer of a connection says that it closes, and it does."""
    released = asyncio.Event()

    async def wait(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
        await released.wait()
        return "late"

    house = build_house(handlers={"wait": wait})
    key = await house.key()
    async with open_http(house, key) as http:
        await http.post("/v1/functions", json={"name": "wait", "source": "wait"})
        await http.post("/v1/functions/wait/versions")
    app = create_app(house.services)
    app.express = express = _Counted(_short_way(app))
    async with serving(app) as url:
        parts = urlsplit(url)
        wire = Wire(house, str(parts.hostname), parts.port or 0, key, express)
        reader, writer = await asyncio.open_connection(wire.host, wire.port)
        writer.write(wire.request("wait", KEY, JSON_TYPE))
        await until(lambda: express.answered == 1)

        async def is_closed() -> bool:
            try:
                _, more = await asyncio.open_connection(wire.host, wire.port)
            except OSError:
                return True
            more.close()
            return False

        async def release() -> None:
            await until(is_closed)
            released.set()

        releasing = asyncio.create_task(release())
    answer = await reader.read()
    writer.close()
    await releasing

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"\r\nconnection: close\r\n" in answer
    assert b'"result":"late"' in answer
