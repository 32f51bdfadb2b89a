"""Sends answers: JSON bytes and problem documents."""

from starlette.types import Send

from sanderling.api.exchange import Exchange
from sanderling.api.problem import CONTENT_TYPE, Header, Problem

_CLOSES = frozenset({"body_too_large", "body_late", "expectation_refused"})
"""Problems after which the rest of the body is not worth reading."""


async def send_bytes(
    send: Send,
    body: bytes,
    *,
    status: int = 200,
    content_type: bytes = b"application/json",
    headers: tuple[Header, ...] = (),
) -> None:
    """Send one whole response."""
    fixed = ((b"content-type", content_type), (b"content-length", str(len(body)).encode()))
    await send(
        {"type": "http.response.start", "status": status, "headers": [*fixed, *headers]},
    )
    await send({"type": "http.response.body", "body": body})


async def send_problem(send: Send, exchange: Exchange, problem: Problem) -> None:
    """Send a problem document and note its code for the log."""
    exchange.problem = problem.code
    await send_bytes(
        send,
        problem.body(exchange.request_id),
        status=problem.status,
        content_type=CONTENT_TYPE,
        headers=headers_of(problem),
    )


def headers_of(problem: Problem) -> tuple[Header, ...]:
    """Return the headers that belong to `problem`, besides those of every answer."""
    if closes(problem):
        return (*problem.headers, (b"connection", b"close"))
    return problem.headers


def closes(problem: Problem) -> bool:
    """Claim that the connection ends with `problem`."""
    return problem.code in _CLOSES
