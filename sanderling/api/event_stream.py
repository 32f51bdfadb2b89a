"""An execution as server-sent events, while it happens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from runner.executions.execution import Execution
from runner.executions.progress import BEGINNING, Heard, NewsKind
from runner.executions.watch import Beat, Event
from sanderling.api.call_json import dumps
from sanderling.api.execution_json import execution_json
from sanderling.kernel.jsontext import JSON

CONTENT_TYPE = "text/event-stream"
RETRY_MS = 1000
"""How long a client waits before it connects again after a break."""


async def event_stream(
    events: AsyncGenerator[Event], *, after: str, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """Yield events as they go over the wire.

    `status` and `log` have the place that `Last-Event-ID` goes on from; `outcome` is the whole
    execution and the last one. When the server stops the stream ends without it, and the client
    connects again elsewhere.
    """
    yield b"retry: %d\n\n" % RETRY_MS
    is_first = True
    async with aclosing(events):
        async for event in events:
            match event:
                case Heard(place=place, news=news):
                    told: dict[str, JSON] = {
                        "attempt": news.attempt,
                        _member(news.kind): news.text,
                    }
                    yield _event(news.kind.value, dumps(told), place)
                case Beat():
                    yield b": nothing new\n\n"
                case Execution():
                    if event.is_final and not is_first:
                        yield _event("outcome", execution_json(event))
                    elif is_first and after == BEGINNING:
                        yield _event("status", _first(event))
            is_first = False
            if stopping.is_set():
                return


def _first(execution: Execution) -> bytes:
    return dumps({"attempt": execution.attempts, "status": execution.status.value})


def _member(kind: NewsKind) -> str:
    return "text" if kind is NewsKind.LOG else "status"


def _event(name: str, data: bytes, place: str | None = None) -> bytes:
    # JSON has no line breaks of its own, so each event's data is one line.
    head = b"" if place is None else b"id: %b\n" % place.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (head, name.encode(), data)
