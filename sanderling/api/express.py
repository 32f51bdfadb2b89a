"""The short way of a call: from the connection to the pipeline and back.

Nearly all traffic is one kind of request: a call that arrives in one piece and asks for nothing
unusual. Between the parser and the pipeline it needs no scope, no messages and no route, which
together cost more than the call itself. Whatever else arrives goes the way of every request.

Guarantee: the answer is the same to the byte as on the other way, and is counted and logged as
there; tests compare both. Assumption: the connection has looked at the request's form, and gives
it here whole.
"""

import logging
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from structlog.contextvars import bind_contextvars

from runner.answer import answer_json
from sanderling.api.body import EXPECT
from sanderling.api.edge import SECURITY, Edge
from sanderling.api.exchange import Exchange
from sanderling.api.executions import PATH, Executions
from sanderling.api.metrics import Metrics
from sanderling.api.problem import CONTENT_TYPE, Header, is_served, problem_of_call
from sanderling.api.rate_limit_headers import rate_limit_headers
from sanderling.api.respond import closes, headers_of
from sanderling.kernel.clock import Clock

_TARGET = re.compile(PATH.replace("{name}", "([A-Za-z0-9_-]{1,64})").encode())
_UNUSUAL = frozenset({EXPECT, b"prefer", b"idempotency-key"})
_POST = "POST"
_METHOD = _POST.encode()
_SCOPE = {"path": PATH, "method": _POST}
_OK = HTTPStatus.OK.value

_root = logging.getLogger()


def lines_of(headers: Iterable[Header]) -> bytes:
    """Return `headers` as they stand on the wire."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


_SECURITY_LINES = lines_of(SECURITY)
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


class Answer(NamedTuple):
    """An answer less the empty line between its head and its body, and what comes after it."""

    head: bytes
    body: bytes
    closes: bool = False


class Express:
    """Answer calls that a connection hands over whole."""

    def __init__(
        self, edge: Edge, executions: Executions, *, metrics: Metrics, clock: Clock, most_bytes: int
    ) -> None:
        """Serve as `executions` does behind `edge`; bodies above `most_bytes` are not taken."""
        self.most_bytes = most_bytes
        self._edge = edge
        self._executions = executions
        self._metrics = metrics
        self._clock = clock

    @staticmethod
    def function_of(method: bytes, target: bytes, headers: Iterable[Header]) -> str | None:
        """Return the name of the function that is called; None for a request of another kind."""
        if method != _METHOD:
            return None
        match = _TARGET.fullmatch(target)
        if match is None or any(name in _UNUSUAL for name, _ in headers):
            return None
        return match[1].decode()

    async def answer(
        self, name: str, headers: Iterable[Header], body: bytes, *, fixed: bytes
    ) -> Answer:
        """Return the answer to one call.

        `fixed` are the header lines that the server puts into every answer.
        """
        began_ns = self._clock.monotonic_ns()
        exchange = self._edge.open(headers)
        exchange.received_bytes = len(body)
        # The task is this request's own, and its context ends with it.
        bind_contextvars(request_id=exchange.request_id)
        try:
            return await self._answer(exchange, name, body, fixed)
        finally:
            self._tell(exchange, (self._clock.monotonic_ns() - began_ns) / 1e9)

    async def _answer(self, exchange: Exchange, name: str, body: bytes, fixed: bytes) -> Answer:
        try:
            record = await self._executions.call(exchange, name, body)
            if is_served(record.outcome):
                text = answer_json(record)
                return Answer(_head(exchange, text, fixed), text)
            problem = problem_of_call(record)
        except Exception as error:  # noqa: BLE001 - the top of the request, as in the edge.
            problem = self._edge.problem_for(_SCOPE, exchange, error)
        exchange.problem = problem.code
        text = problem.body(exchange.request_id)
        head = _head(
            exchange,
            text,
            fixed,
            status=problem.status,
            content_type=CONTENT_TYPE,
            headers=headers_of(problem),
        )
        return Answer(head, text, closes(problem))

    def _tell(self, exchange: Exchange, duration_s: float) -> None:
        # What the edge would not write is not made either; the root has our own lines' level.
        if exchange.status == _OK and not _root.isEnabledFor(logging.DEBUG):
            self._metrics.count_request(method=_POST, route=PATH, status=_OK, duration_s=duration_s)
        else:
            self._edge.tell(exchange, method=_POST, route=PATH, duration_s=duration_s)


def _head(
    exchange: Exchange,
    body: bytes,
    fixed: bytes,
    *,
    status: int = _OK,
    content_type: bytes = b"application/json",
    headers: tuple[Header, ...] = (),
) -> bytes:
    exchange.status = status
    exchange.sent_bytes = len(body)
    return b"".join(
        (
            _STATUS_LINES[status],
            fixed,
            b"content-type: %b\r\ncontent-length: %d\r\n" % (content_type, len(body)),
            lines_of(headers) if headers else b"",
            b"x-request-id: %b\r\n" % exchange.request_id.encode("ascii"),
            lines_of(rate_limit_headers(exchange.states, exchange.scope)),
            _SECURITY_LINES,
        )
    )
