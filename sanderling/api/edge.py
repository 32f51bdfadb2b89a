"""The outermost layer: whatever happens inside, the caller gets an answer that can be traced.

Guarantees: every response carries a request id and the security headers; every request that is
not a success ends as a problem document; every request is logged and counted once, without its
path, query, headers or body. A `HEAD` is served as the `GET` it stands for, less its body.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from runner.errors import RateLimited
from sanderling.api.body import bounded, check_headers
from sanderling.api.exchange import Exchange, attach
from sanderling.api.executions import PATH as EXECUTIONS
from sanderling.api.failure import failure_of
from sanderling.api.metrics import Metrics
from sanderling.api.problem import Header, Problem, is_fault, problem_of
from sanderling.api.rate_limit_headers import rate_limit_headers
from sanderling.api.respond import send_problem
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import Ids, RequestId

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SANDBOX = (
    b"sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers that every answer has."""

GUESTS_SECURITY = tuple(
    (name, _SANDBOX if name == b"content-security-policy" else value) for name, value in SECURITY
)
"""The same around what user code answers: a page may have a look of its own and pictures, and
belongs to no origin. It runs no script, sends no form, loads nothing else, and is in no frame."""

_PROBES = frozenset({"/health/live", "/health/ready", "/metrics"})
CALLER_GONE = 499
"""What the log and the metrics say of a request whose caller did not wait for the answer."""

log = structlog.get_logger()


class Edge:
    """Give each request its id, its bounds, its answer and its log line."""

    def __init__(
        self, app: ASGIApp, *, ids: Ids, clock: Clock, metrics: Metrics, max_body_bytes: int
    ) -> None:
        """Stand around `app`."""
        self._app = app
        self._ids = ids
        self._clock = clock
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; everything that is not HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_ns = self._clock.monotonic_ns()
        exchange = self.open(scope["headers"])
        attach(scope, exchange)
        is_head = scope["method"] == "HEAD"
        if is_head:
            # A copy: the server reads the method in its own to know that no body follows.
            scope = {**scope, "method": "GET"}
        answer = _answering(exchange, send, is_head=is_head)
        tokens = bind_contextvars(request_id=exchange.request_id)
        try:
            await self._serve(scope, receive, answer, exchange)
        finally:
            self.tell(
                exchange,
                method="HEAD" if is_head else scope["method"],
                route=getattr(scope.get("route"), "path", "") or "unmatched",
                duration_s=(self._clock.monotonic_ns() - began_ns) / 1e9,
            )
            reset_contextvars(**tokens)

    def open(self, headers: Iterable[Header]) -> Exchange:
        """Return the exchange of a request with these headers, whose names are in lower case."""
        exchange = Exchange(RequestId(""))
        for name, value in headers:
            if name == b"authorization":
                exchange.authorization = value.decode("latin-1")
            elif name == b"content-type":
                exchange.content_type = value.decode("latin-1")
            elif name == b"x-request-id":
                given = value.decode("latin-1")
                if _REQUEST_ID.fullmatch(given):
                    exchange.request_id = RequestId(given)
        if not exchange.request_id:
            exchange.request_id = self._ids.request()
        return exchange

    async def _serve(
        self, scope: Scope, receive: Receive, answer: Send, exchange: Exchange
    ) -> None:
        try:
            check_headers(scope, self._max_body_bytes)
            await self._app(scope, bounded(receive, exchange, self._max_body_bytes), answer)
        except ClientDisconnect:
            exchange.status = CALLER_GONE
        except Exception as error:  # noqa: BLE001 - the top of the request: logged and counted.
            await self._answer_failure(scope, answer, exchange, error)

    async def _answer_failure(
        self, scope: Scope, answer: Send, exchange: Exchange, error: Exception
    ) -> None:
        problem = self.problem_for(scope, exchange, error)
        if not exchange.has_started:
            await send_problem(answer, exchange, problem)
        elif not exchange.is_complete:
            # Half an answer is out; only breaking the connection tells the caller so.
            raise error

    def problem_for(self, scope: Scope, exchange: Exchange, error: Exception) -> Problem:
        """Return what the caller is told of `error`; a fault of ours is logged."""
        failure = failure_of(scope, error)
        if isinstance(failure, RateLimited):
            exchange.states, exchange.scope = failure.states, failure.scope
        if is_fault(failure):
            log.error("request.failed", code=failure.code, exc_info=error)
        return problem_of(failure)

    def tell(self, exchange: Exchange, *, method: str, route: str, duration_s: float) -> None:
        """Count a request that is over, and write its log line."""
        status = exchange.status or HTTPStatus.INTERNAL_SERVER_ERROR.value
        self._metrics.count_request(
            method=method, route=route, status=status, duration_s=duration_s
        )
        if exchange.problem is not None:
            self._metrics.count_problem(exchange.problem)
        write = log.debug if _is_told_elsewhere(route, status) else log.info
        write(
            "request.finished",
            method=method,
            route=route,
            status=status,
            problem=exchange.problem,
            duration_ms=round(duration_s * 1000, 3),
            received_bytes=exchange.received_bytes,
            sent_bytes=exchange.sent_bytes,
        )


def _is_told_elsewhere(route: str, status: int) -> bool:
    """Claim that nobody misses a request's log line at the usual level.

    Probes come all the time, and a call is kept in the call log with its request id: a line for
    each would cost a fifth of the call and say the same.
    """
    return route in _PROBES or (route == EXECUTIONS and status == HTTPStatus.OK)


def _answering(exchange: Exchange, send: Send, *, is_head: bool) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.has_started = True
            exchange.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", exchange.request_id.encode("ascii")),
                *rate_limit_headers(exchange.states, exchange.scope),
                *(GUESTS_SECURITY if exchange.is_guests else SECURITY),
            ]
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            if is_head:
                message["body"] = b""
            else:
                exchange.sent_bytes += len(body)
            exchange.is_complete = not message.get("more_body", False)
        await send(message)

    return answer
