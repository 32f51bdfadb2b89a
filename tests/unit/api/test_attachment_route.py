"""An attachment over HTTP is a file to keep, whatever its sender called it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message as Sent

from jobs.accounts.attachments import FetchedAttachment
from jobs.streams.stream import AccountId
from jobs.sync.faults import AuthRevoked, RateLimited
from jobs.sync.items import Attachment
from sanderling.api import attachment_answer, taking
from sanderling.api.attachment_answer import AttachmentResponse
from support.came_in import MINE, account_of, bring_messages, message_id
from support.services import House, build_house, open_http

PATH = f"/v1/messages/{message_id('a')}/attachments/1"
SECRET = "ya29.a-token"


@pytest.fixture
async def house() -> House:
    """Return a house into which a message with one attachment came."""
    house = build_house()
    await bring_messages(house.doorstep, account_of(house.workspace_id), "a")
    return house


@pytest.fixture
async def http(house: House) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield a client with the key of an admin."""
    async with open_http(house, await house.key()) as client:
        yield client


async def test_it_is_kept_and_never_shown(http: httpx2.AsyncClient) -> None:
    """A browser neither guesses what it is nor opens it."""
    answer = await http.get(PATH)

    assert (answer.status_code, answer.content) == (200, b"%PDF-1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-length"] == "6"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"
    )


async def test_a_provider_that_asks_us_to_wait_is_away_for_so_long(
    house: House, http: httpx2.AsyncClient
) -> None:
    """Whoever asks is told when it is worth asking again."""
    house.doorstep.faults = [RateLimited(retry_after_s=41.2)]

    answer = await http.get(PATH)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "42"
    assert answer.json()["type"] == "urn:sanderling:problem:provider-away"


async def test_words_of_the_provider_are_not_repeated(
    house: House, http: httpx2.AsyncClient
) -> None:
    """They may have a token in them."""
    house.doorstep.faults = [AuthRevoked(SECRET)]

    answer = await http.get(PATH)

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:sanderling:problem:account-stopped"
    assert "accounts connect" in answer.json()["hint"]
    assert SECRET not in answer.text


@pytest.mark.parametrize(("number", "status"), [("2", 404), ("0", 422), ("1001", 422), ("x", 422)])
async def test_a_number_that_it_cannot_have_is_refused(
    http: httpx2.AsyncClient, number: str, status: int
) -> None:
    """Before anything is asked of anybody."""
    answer = await http.get(f"/v1/messages/{message_id('a')}/attachments/{number}")

    assert answer.status_code == status


async def test_an_account_that_went_takes_its_attachments_along(
    house: House, http: httpx2.AsyncClient
) -> None:
    """Nobody is left to say who may have them."""
    await house.doorstep.store.remove(AccountId(MINE))

    assert (await http.get(PATH)).json()["type"] == "urn:sanderling:problem:message-unknown"


async def _never() -> Sent:
    await asyncio.Event().wait()
    raise AssertionError


class Held:
    """An attachment that tells whether it is still held."""

    def __init__(self, content: bytes) -> None:
        """Hold nothing yet."""
        self.content = content
        self.is_open = False

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[FetchedAttachment]:
        """Yield it."""
        self.is_open = True
        try:
            file = Attachment("1", "a", "text/plain", len(self.content), is_inline=False)
            yield FetchedAttachment(file, self.content)
        finally:
            self.is_open = False


async def test_a_reader_that_takes_nothing_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held for somebody who does not read it does not stand in the way of others."""
    monkeypatch.setattr(taking, "STALL_S", 0.0)
    held = Held(b"abc")

    async def send(message: Sent) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    with pytest.raises(ClientDisconnect):
        await AttachmentResponse(held.open())({"type": "http"}, _never, send)

    assert not held.is_open


async def test_a_reader_that_is_too_slow_on_the_whole_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where it takes something again and again; a quicker one gets it whole."""
    held = Held(bytes(2_000_000))
    taken: list[int] = []

    async def send(message: Sent) -> None:
        if message["type"] == "http.response.body":
            taken.append(len(message["body"]))
            await asyncio.sleep(0)

    await AttachmentResponse(held.open())({"type": "http"}, _never, send)
    whole = sum(taken)
    monkeypatch.setattr(attachment_answer, "GRACE_S", 0.0)
    monkeypatch.setattr(attachment_answer, "LEAST_BYTES_PER_S", 10**15)
    taken.clear()
    with pytest.raises(ClientDisconnect):
        await AttachmentResponse(held.open())({"type": "http"}, _never, send)

    assert whole == len(held.content)
    assert 0 < sum(taken) < whole
    assert not held.is_open
