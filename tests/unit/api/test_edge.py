"""What every request gets, whatever happens inside."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from structlog.contextvars import get_contextvars
from structlog.testing import capture_logs

from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal
from sanderling.api import create_app
from sanderling.api.edge import CALLER_GONE, Edge
from sanderling.api.metrics import Metrics
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.log_events import LOG_EVENTS
from support.services import GENEROUS, House, build_house, open_http

SECURITY = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


@pytest.fixture
def house() -> House:
    """Build a house."""
    return build_house()


@pytest.fixture
async def http(house: House) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield an admin's client."""
    async with open_http(house, await house.key()) as client:
        yield client


def _edge(house: House, app: Any) -> Edge:
    services = house.services
    return Edge(
        app,
        ids=services.ids,
        clock=services.clock,
        metrics=Metrics(version="0"),
        max_body_bytes=100,
    )


def _scope(**more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        **more,
    }


@pytest.mark.parametrize("path", ["/health/live", "/v1/functions", "/nothing", "/metrics"])
async def test_every_answer_has_an_id_and_the_security_headers(
    http: httpx2.AsyncClient, path: str
) -> None:
    """Good or bad, an answer can be traced and is neither sniffed nor kept."""
    answer = await http.get(path)

    assert answer.headers["x-request-id"].startswith("req_")
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert "access-control-allow-origin" not in answer.headers


async def test_a_callers_request_id_is_taken_over(http: httpx2.AsyncClient) -> None:
    """One id leads through the caller's logs, ours and the record of the call."""
    await http.post("/v1/functions", json={"name": "echo", "source": "x"})
    await http.post("/v1/functions/echo/versions")

    answer = await http.post("/v1/functions/echo/executions", headers={"x-request-id": "flow:7.a"})

    record = await http.get(f"/v1/calls/{answer.json()['call_id']}")
    assert answer.headers["x-request-id"] == record.json()["request_id"] == "flow:7.a"


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, "ü", "a\tb", "<script>"])
async def test_an_odd_request_id_is_replaced(http: httpx2.AsyncClient, given: str) -> None:
    """What could forge a log line or a header is never repeated."""
    answer = await http.get("/health/live", headers=[(b"x-request-id", given.encode())])

    assert answer.headers["x-request-id"].startswith("req_")


async def test_head_is_get_without_a_body(http: httpx2.AsyncClient) -> None:
    """HEAD has the status and the length of GET and nothing else."""
    got = await http.get("/v1/whoami")

    answer = await http.head("/v1/whoami")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == got.headers["content-length"]


class _BrokenPermissions:
    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        message = f"secret of {principal.workspace_id}, {permission}"
        raise RuntimeError(message)


async def test_what_nobody_foresaw_is_told_without_its_inside(house: House) -> None:
    """500 has the request id and no more; the log has the traceback under it."""
    broken = replace(house, services=replace(house.services, permissions=_BrokenPermissions()))
    async with open_http(broken, await house.key()) as http:
        with capture_logs() as logs:
            answer = await http.get("/v1/whoami")

    failed = next(line for line in logs if line["event"] == "request.failed")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:sanderling:problem:internal")
    assert "secret" not in answer.text
    assert (failed["log_level"], type(failed["exc_info"])) == ("error", RuntimeError)


async def test_a_fault_that_has_a_row_is_told_and_logged(house: House) -> None:
    """A database that is away is 503 with a time to come back, and reaches the log."""

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        raise StoreUnavailableError(reason="locked")

    with capture_logs() as logs:
        sent = await _run(_edge(house, app), _scope())

    assert [line["event"] for line in logs] == ["request.failed", "request.finished"]
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"retry-after"]) == (503, b"2")
    assert json.loads(sent[1]["body"])["reason"] == "locked"


async def _run(app: Any, scope: dict[str, Any], *messages: dict[str, Any]) -> list[Any]:
    """Return what an app sends for one request."""
    waiting = list(messages or ({"type": "http.request", "body": b""},))
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_an_answer_that_breaks_in_the_middle_breaks_the_connection(house: House) -> None:
    """Half an answer is never ended as if it were whole."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        message = "the other half is gone"
        raise RuntimeError(message)

    with capture_logs(), pytest.raises(RuntimeError):
        await _run(_edge(house, app), _scope())


async def test_a_fault_after_the_answer_is_only_logged(house: House) -> None:
    """A caller that has everything is not told of what breaks later."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        message = "late"
        raise RuntimeError(message)

    with capture_logs() as logs:
        sent = await _run(_edge(house, app), _scope())

    assert ([message["type"] for message in sent], logs[0]["event"]) == (
        ["http.response.start", "http.response.body"],
        "request.failed",
    )


async def test_a_caller_that_goes_away_is_no_fault(house: House) -> None:
    """A body that ends in a disconnect is answered by nobody and logged as that."""
    app = create_app(house.services)
    key = await house.key()
    scope = _scope(
        method="POST",
        path="/v1/functions/echo/executions",
        headers=[(b"authorization", f"Bearer {key}".encode())],
    )

    with capture_logs() as logs:
        sent = await _run(app, scope, {"type": "http.disconnect"})

    assert (sent, logs[-1]["status"]) == ([], CALLER_GONE)


async def test_the_log_line_holds_sizes_and_the_template_alone(house: House) -> None:
    """Neither path, query, header, body nor result is ever logged."""
    key = await house.key()
    async with open_http(house, key) as http:
        await http.post("/v1/functions", json={"name": "echo", "source": "x = 'sauce'"})
        await http.post("/v1/functions/echo/versions")
        with capture_logs() as logs:
            await http.post(
                "/v1/functions/echo/executions?timeout_s=2",
                json={"pin": "4711"},
                headers={"x-forwarded-for": "192.0.2.1"},
            )

    assert logs == [
        {
            "event": "request.finished",
            "log_level": "debug",
            "method": "POST",
            "route": "/v1/functions/{name}/executions",
            "status": 200,
            "problem": None,
            "duration_ms": 0.0,
            "received_bytes": len('{"pin":"4711"}'),
            "sent_bytes": logs[0]["sent_bytes"],
        }
    ]
    assert {"request.finished", "request.failed"} <= set(LOG_EVENTS)


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("/v1/functions", "info"),
        ("/nothing", "info"),
        ("/health/live", "debug"),
        ("/metrics", "debug"),
    ],
)
async def test_what_comes_all_the_time_is_logged_at_debug(
    http: httpx2.AsyncClient, path: str, level: str
) -> None:
    """Probes do not fill the log."""
    with capture_logs() as logs:
        await http.get(path)

    assert [(line["event"], line["log_level"]) for line in logs] == [("request.finished", level)]


async def test_the_request_id_is_bound_while_a_request_runs(house: House) -> None:
    """Every line that is logged inside has the id; nothing of it stays afterwards."""
    seen: list[dict[str, Any]] = []

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(0)
        seen.append(get_contextvars())

    await _run(_edge(house, app), _scope(headers=[(b"x-request-id", b"abc")]))

    assert (seen, get_contextvars()) == ([{"request_id": "abc"}], {})


async def test_rate_limits_are_told_on_every_answer_that_was_counted() -> None:
    """Good answers, refusals and 429 say what is allowed and what is left."""
    short = RateLimit(limit=4, ttl_ms=2500)
    house = build_house(policy=LimitPolicy(short, GENEROUS, GENEROUS))
    async with open_http(house, await house.key()) as http:
        answers = [await http.get("/v1/functions/nope") for _ in range(5)]
        called = await http.post("/v1/functions/nope/executions")
        house.clock.advance(10)
        tried = await http.post("/v1/functions/nope/executions")

    told = [answer.headers["ratelimit"].split(",")[0] for answer in answers]
    assert {answer.headers["ratelimit-policy"].split(",")[0] for answer in answers} == {
        '"api-requests-short";q=4;w=3'
    }
    assert told == [
        '"api-requests-short";r=3;t=1',
        '"api-requests-short";r=2;t=2',
        '"api-requests-short";r=1;t=2',
        '"api-requests-short";r=0;t=3',
        '"api-requests-short";r=0;t=3',
    ]
    assert [answer.status_code for answer in (*answers, called)] == [404] * 4 + [429] * 2
    assert answers[-1].headers["retry-after"] == "1"
    assert (tried.status_code, tried.headers["ratelimit"].split(",")[0]) == (
        404,
        '"api-requests-short";r=3;t=1',
    )


async def test_what_is_no_http_passes_through(house: House) -> None:
    """The edge leaves the server's own messages alone."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(0)
        seen.append(scope["type"])

    await _run(_edge(house, app), {"type": "lifespan"})

    assert seen == ["lifespan"]
