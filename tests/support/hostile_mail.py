"""Mail that was written to break whoever reads it."""

import email
import signal
from base64 import urlsafe_b64encode
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, cast

import httpx2

from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.mail import Correspondent, Letter

ABYSS = "%%abyss%%"
"""Where a subject says so, `Nested` puts JSON that is too deep for anybody."""

_EVE, _ADA = Correspondent("Eve", "eve@evil.example"), Correspondent("Ada", "ada@example.com")
_PLAIN = Letter((_EVE), (_ADA,), "s", "t", datetime(2026, 1, 1, tzinfo=UTC), "<m@evil.example>")
_PATIENCE_S = 60


def letters() -> Mapping[str, Letter]:
    """Return letters by what is wrong with them."""
    crowd = tuple(Correspondent("", f"p{number}@evil.example") for number in range(20_000))
    overlong = Correspondent("\u202egnp.exe" * 500, f"{'a' * 400}@evil.example")
    return {
        "tags that nothing closes": replace(_PLAIN, text="", html="<a b='" * 200_000),
        "a number of thousands of digits": replace(_PLAIN, text="", html="&#" + "1" * 5000),
        "comments": replace(_PLAIN, text="", html="<!--" * 200_000),
        "nesting": replace(_PLAIN, sender=Correspondent("(" * 20_000, "eve@evil.example")),
        "a crowd": replace(_PLAIN, to=crowd),
        "encoded words": replace(_PLAIN, subject="=?a?q?" * 20_000),
        "unknown charsets": replace(_PLAIN, subject="=?punycode?b?!!!?= =?x-none?q?=FF?="),
        "headers": replace(_PLAIN, headers=(("References", "<x@y> " * 100_000),) * 20),
        "nul": replace(_PLAIN, subject="a\x00b"),
        "right to left, and long": replace(
            _PLAIN, sender=overlong, rfc_message_id="<" + "m" * 9000
        ),
        "an abyss": replace(_PLAIN, subject=ABYSS),
    }


class Nested(httpx2.AsyncBaseTransport):
    """Carry requests to sites in this process, and dig an abyss where one is marked."""

    def __init__(self, inner: InProcess) -> None:
        """Go by `inner`."""
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer with its abysses."""
        answer = await self._inner.handle_async_request(request)
        deep = b"[" * 200_000 + b"]" * 200_000
        body = answer.content.replace(f'"{ABYSS}"'.encode(), deep)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body)


def corpus() -> Path | None:
    """Return the folder of mails that CPython tests its own parser with, where it is installed."""
    found = find_spec("test.test_email")
    places = (found.submodule_search_locations or []) if found else []
    folder = Path(next(iter(places), "/nowhere")) / "data"
    return folder if folder.is_dir() else None


def gmail_of(raw: bytes) -> dict[str, Any]:
    """Return the message that Gmail would make of a mail: it walks MIME, and we read its walk."""
    return {"id": "m1", "threadId": "t1", "historyId": "7", "payload": _part(_parsed(raw), "")}


def graph_of(raw: bytes) -> dict[str, Any]:
    """Return the message that Graph would make of a mail."""
    parsed = _parsed(raw)
    headers = [{"name": name, "value": value} for name, value in _headers(parsed)]
    first = next(part for part in parsed.walk() if not part.is_multipart())
    kind = "html" if first.get_content_subtype() == "html" else "text"
    return {
        "id": "m1",
        "subject": dict(_headers(parsed)).get("Subject"),
        "body": {"contentType": kind, "content": _bytes(first).decode("utf-8", "surrogateescape")},
        "internetMessageHeaders": headers,
    }


def _parsed(raw: bytes) -> Message:
    return email.message_from_bytes(raw)


def _part(part: Message, number: str) -> dict[str, Any]:
    parts = cast("list[Message]", part.get_payload()) if part.is_multipart() else []
    data = b"" if parts else _bytes(part)
    return {
        "partId": number,
        "mimeType": part.get_content_type(),
        "filename": str(part.get_param("filename", "", "content-disposition")),
        "headers": [{"name": name, "value": value} for name, value in _headers(part)],
        "body": {"size": len(data), "data": urlsafe_b64encode(data).decode()},
        "parts": [_part(each, f"{number}.{at}") for at, each in enumerate(parts)],
    }


def _headers(part: Message) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in part.raw_items()]


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


@contextmanager
def patience() -> Generator[None]:
    """End what would go on for hours; what is read in linear time takes a hundredth of this."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError("reading takes more time than grows with the length")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
