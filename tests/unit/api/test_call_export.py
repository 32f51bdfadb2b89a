"""Exports over HTTP: sent as they are taken, and ended with their reader."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from runner.call import CallRecord
from sanderling.api import taking
from sanderling.api.call_export import ExportResponse
from sanderling.kernel.errors import StoreUnavailableError
from support.records import a_record


class Source:
    """Pages that count how many were made, and whether they were given back."""

    def __init__(self, *, fault: Exception | None = None) -> None:
        """Make pages without end, or break after the second one."""
        self.made = 0
        self.is_open = False
        self._fault = fault

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[AsyncIterator[tuple[CallRecord, ...]]]:
        """Yield the pages."""
        self.is_open = True
        try:
            yield self._pages()
        finally:
            self.is_open = False

    async def _pages(self) -> AsyncIterator[tuple[CallRecord, ...]]:
        while True:
            self.made += 1
            yield (a_record(),)
            if self._fault and self.made == 2:
                raise self._fault


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_page_is_made_when_the_last_one_has_gone_out() -> None:
    """A reader that is slow makes the export slow; nothing piles up."""
    source, taken = Source(), asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await taken.wait()

    sending = asyncio.create_task(ExportResponse(source.open())({"type": "http"}, _never, send))
    for _ in range(20):
        await asyncio.sleep(0)

    assert source.made == 1
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert not source.is_open


async def test_a_reader_that_goes_away_ends_it() -> None:
    """Whoever hangs up is noticed after the page that was under way."""
    source = Source()

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        await asyncio.sleep(0)

    with pytest.raises(ClientDisconnect):
        await ExportResponse(source.open())({"type": "http"}, gone, send)

    assert source.made <= 3
    assert not source.is_open


async def test_a_reader_that_takes_nothing_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export that nobody reads does not stand in the way of others for ever."""
    monkeypatch.setattr(taking, "STALL_S", 0.0)
    source = Source()

    async def send(message: Message) -> None:
        if message.get("more_body"):
            await asyncio.Event().wait()

    with pytest.raises(ClientDisconnect):
        await ExportResponse(source.open())({"type": "http"}, _never, send)

    assert not source.is_open


async def test_a_fault_in_the_middle_is_not_taken_for_the_end() -> None:
    """The last chunk is not sent, so the connection breaks and the reader knows."""
    source = Source(fault=StoreUnavailableError(reason="it is away"))
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(StoreUnavailableError):
        await ExportResponse(source.open())({"type": "http"}, _never, send)

    assert all(message.get("more_body") for message in sent[1:])
