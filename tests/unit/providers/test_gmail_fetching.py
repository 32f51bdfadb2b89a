"""Messages come in batches, and each one's trouble is its own."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from jobs.providers.google.faults import fault_of
from jobs.providers.google.fetching import Fetching
from jobs.providers.google.plan import plan
from jobs.providers.google.window import FIRST, MOST, Windows
from jobs.sync.faults import RateLimited, Temporary
from jobs.sync.items import Message
from jobs.sync.provider import Deferred, Fetched, Gone, Wanted
from support.gmail import batch, error, leaf, message
from support.providers import ACCOUNT, Desk, scripted


@asynccontextmanager
async def fetching(
    windows: Windows | None = None, **bounds: int
) -> AsyncGenerator[tuple[Fetching, Desk]]:
    """Yield what fetches, and the desk where its answers are laid out."""
    async with scripted(reads=fault_of) as desk:
        yield Fetching(desk.http, desk.clock, windows or Windows(), **bounds), desk


def wanted(*ids: str, thread: str | None = None) -> list[Wanted]:
    """Return messages to fetch, of one thread or of none."""
    return [Wanted(one, thread) for one in ids]


def paths(desk: Desk, number: int = 0) -> list[str]:
    """Return what a batch asked for."""
    lines = desk.script.asked[number].content.decode().split("\r\n")
    return [line.removeprefix("GET ") for line in lines if line.startswith("GET ")]


def kinds(found: dict[str, Fetched]) -> dict[str, type]:
    """Return what kind of thing became of each message."""
    return {one: type(fetched) for one, fetched in found.items()}


def test_threads_are_fetched_whole_from_three_messages_on() -> None:
    """Two cost as much alone; three cost more than the thread."""
    asked: Sequence[Wanted] = [
        *wanted("a", "b", "c", thread="t1"),
        *wanted("d", "e", thread="t2"),
        *wanted("f", "g", "h"),
        *wanted("a", thread="t1"),
    ]

    planned = plan(asked)

    assert [(one.remote_id, one.message_ids) for one in planned] == [
        ("t1", ("a", "b", "c")),
        *((one, (one,)) for one in ("d", "e", "f", "g", "h")),
    ]
    assert sum(one.method.units for one in planned) == 140


async def test_a_batch_brings_messages_and_counts_their_units() -> None:
    """Parts are told apart by their numbers, in whatever order they come, also twice."""
    async with fetching() as (mail, desk):
        desk.script.answers.append(batch({1: (200, message("b")), 0: (200, message("a"))}))

        found = await mail.fetch(wanted("a", "b"))

        assert kinds(found) == {"a": Message, "b": Message}
        assert paths(desk) == [
            f"/gmail/v1/users/me/messages/{one}?format=full" for one in ("a", "b")
        ]
        assert desk.quota.units == {ACCOUNT: 40}


async def test_parts_without_numbers_stand_in_order() -> None:
    """A server that does not number its parts is understood while none is missing."""
    async with fetching() as (mail, desk):
        desk.script.answers.append(batch([(200, message("a")), (404, error(404, "notFound"))]))

        assert kinds(await mail.fetch(wanted("a", "b"))) == {"a": Message, "b": Gone}


async def test_each_parts_trouble_is_its_own() -> None:
    """Gone, refused, broken and missing ones leave the others as they are."""
    async with fetching() as (mail, desk):
        desk.script.answers.append(
            batch(
                {
                    0: (200, message("a")),
                    1: (404, error(404, "notFound")),
                    2: (429, error(429, "rateLimitExceeded")),
                    3: (404, "<html>not Google's words</html>"),
                    4: (200, '{"id": "e", "cut'),
                }
            )
        )

        found = await mail.fetch(wanted("a", "b", "c", "d", "e", "f"))

        assert kinds(found) == {
            "a": Message,
            "b": Gone,
            "c": Deferred,
            "d": Deferred,
            "e": Deferred,
        }


async def test_a_message_that_left_its_thread_is_asked_for_alone() -> None:
    """That a thread does not hold it, or is gone, says nothing about the message."""
    async with fetching() as (mail, desk):
        ids = [f"{thread}{number}" for thread in ("x", "y") for number in range(3)]
        desk.script.answers += [
            batch(
                {
                    0: (200, {"messages": [message("x0"), message("x1"), message("other")]}),
                    1: (404, error(404, "notFound")),
                }
            ),
            batch({number: (200, message(one)) for number, one in enumerate(["x2", *ids[3:]])}),
        ]

        found = await mail.fetch([*wanted(*ids[:3], thread="x"), *wanted(*ids[3:], thread="y")])

        assert kinds(found) == dict.fromkeys(ids, Message)


async def test_batches_shrink_when_refused_and_grow_when_not() -> None:
    """A refused part halves the next batch; good ones widen it step by step."""
    windows = Windows()
    async with fetching(windows) as (mail, desk):
        desk.script.answers.append(batch({0: (429, error(429, "rateLimitExceeded"))}))
        await mail.fetch(wanted("a"))
        assert windows.size(ACCOUNT) == FIRST // 2
        for _ in range(20):
            desk.script.answers.append(batch({0: (200, message("a"))}))
            await mail.fetch(wanted("a"))
        assert windows.size(ACCOUNT) == MOST


async def test_what_was_fetched_is_kept_when_a_later_batch_fails() -> None:
    """A fault after some messages ends the fetch with those; one before them is raised."""
    async with fetching() as (mail, desk):
        many = [f"m{number}" for number in range(FIRST + 1)]
        desk.script.answers.append(batch({0: (200, message("m0"))}))
        desk.script.then(429, json=error(429, "x"), headers={"retry-after": "9"})

        assert set(await mail.fetch(wanted(*many))) == {"m0"}
        desk.script.then(429, json=error(429, "x"), headers={"retry-after": "9"})
        with pytest.raises(RateLimited):
            await mail.fetch(wanted("z"))


async def test_a_batch_without_any_answer_is_temporary() -> None:
    """A page of a proxy and an empty batch are no answers, and end no loop."""
    async with fetching() as (mail, desk):
        desk.script.then(content=b"<html>").answers.append(batch({}))

        for _ in range(2):
            with pytest.raises(Temporary):
                await mail.fetch(wanted("a"))


async def test_a_token_that_parts_refuse_is_renewed() -> None:
    """The next request goes out with a new token."""
    async with fetching() as (mail, desk):
        desk.script.answers += [
            batch({0: (401, error(401, "authError"))}),
            batch({0: (200, message("a"))}),
        ]

        assert kinds(await mail.fetch(wanted("a"))) == {"a": Deferred}
        assert kinds(await mail.fetch(wanted("a"))) == {"a": Message}
        assert desk.script.tokens == ["Bearer first", "Bearer second"]


async def test_a_message_beyond_reading_is_fetched_without_its_body() -> None:
    """It is kept with its head and a word on it, and blocks nothing."""
    deep = '{"id": "a", "payload": ' + '{"parts": [' * 5000 + "]}" * 5000 + "}"
    async with fetching() as (mail, desk):
        desk.script.answers.append(batch({0: (200, deep), 1: (200, message("b"))}))
        desk.script.then(json=message("a", payload=leaf("text/plain", b"")))

        found = await mail.fetch(wanted("a", "b"))

        assert kinds(found) == {"a": Message, "b": Message}
        one = found["a"]
        assert isinstance(one, Message)
        assert one.parse_error is not None
        asked = urlsplit(str(desk.script.asked[-1].url))
        assert parse_qs(asked.query) == {"format": ["metadata"]}


async def test_an_answer_too_large_is_asked_for_in_halves() -> None:
    """Halves of halves, down to a single message without its body."""
    async with fetching(max_batch_bytes=1500) as (mail, desk):
        large = batch({0: (200, message("a", x="x" * 2000)), 1: (200, message("b"))})
        only = batch({0: (200, message("a", x="x" * 2000))})
        desk.script.answers += [large, only]
        desk.script.then(json=message("a"))
        desk.script.answers.append(batch({0: (200, message("b"))}))

        assert kinds(await mail.fetch(wanted("a", "b"))) == {"a": Message, "b": Message}


async def test_ids_are_written_as_ids() -> None:
    """An id that is none of Gmail's cannot ask for something else."""
    async with fetching() as (mail, desk):
        desk.script.answers.append(httpx2.Response(200, json=json.loads("{}")))

        with pytest.raises(Temporary):
            await mail.fetch(wanted("../x y\r\nGET /"))

        assert paths(desk) == ["/gmail/v1/users/me/messages/..%2Fx%20y%0D%0AGET%20%2F?format=full"]
