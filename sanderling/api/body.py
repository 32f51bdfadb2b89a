"""Bounds on a request's body, held before a byte of it is parsed."""

import asyncio
import re
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from sanderling.api.errors import (
    BodyLate,
    BodyTooLarge,
    ContentTypeRefused,
    ExpectationRefused,
)
from sanderling.api.exchange import Exchange

BODY_TIMEOUT_S = 30.0
"""How long a body may take from its first byte asked for to its last."""

_JSON_TYPE = re.compile(
    r'application/(json|[a-z0-9.!#$&^_-]+\+json)\s*(;\s*charset="?utf-?8"?\s*)?', re.IGNORECASE
)


EXPECT = b"expect"


def check_headers(scope: Scope, max_bytes: int) -> None:
    """Refuse a body that says of itself that it is too large, before any of it is read.

    The caller that sent `Expect: 100-continue` then never sends it.

    Raises:
        BodyTooLarge: its `Content-Length` is above `max_bytes`.
        ExpectationRefused: it expects something else than `100-continue`.

    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max_bytes:
            raise BodyTooLarge(allowed_bytes=max_bytes)
        if name == EXPECT and value.lower() != b"100-continue":
            raise ExpectationRefused(given=value.decode("latin-1"))


def bounded(receive: Receive, exchange: Exchange, max_bytes: int) -> Receive:
    """Return a `receive` that counts what comes and stops at `max_bytes`."""

    async def counted() -> Any:
        message = await receive()
        if message["type"] == "http.request":
            exchange.received_bytes += len(message.get("body", b""))
            if exchange.received_bytes > max_bytes:
                raise BodyTooLarge(allowed_bytes=max_bytes)
        return message

    return counted


async def read_body(receive: Receive, *, timeout_s: float = BODY_TIMEOUT_S) -> bytes:
    """Return the whole body.

    Raises:
        BodyLate: it took longer than `timeout_s`.
        BodyTooLarge: it grew past what the server reads.
        ClientDisconnect: the caller went away before the end.

    """
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(timeout_s):
            is_whole = False
            while not is_whole:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                parts.append(message.get("body", b""))
                is_whole = not message.get("more_body", False)
    except TimeoutError as error:
        raise BodyLate(allowed_s=timeout_s) from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def check_json_type(exchange: Exchange) -> None:
    """Refuse a body that is not JSON by its content type.

    `application/json` and every `application/…+json` do, in UTF-8.

    Raises:
        ContentTypeRefused: it says something else, or nothing.

    """
    given = exchange.content_type or ""
    if given != "application/json" and not _JSON_TYPE.fullmatch(given):
        raise ContentTypeRefused(given=given)
