"""Bounds on bodies, held before anything is parsed."""

import asyncio
from typing import Any, Never

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from sanderling.api.body import bounded, check_headers, read_body
from sanderling.api.errors import BodyLate, BodyTooLarge, ExpectationRefused
from sanderling.api.exchange import Exchange
from sanderling.kernel.ids import RequestId

LIMIT = 10


def _scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "headers": list(headers)}


class Caller:
    """Sends a body in parts and counts how many of them were taken."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        """Return the next part."""
        await asyncio.sleep(0)
        part = self.parts[self.taken]
        self.taken += 1
        more = self.taken < len(self.parts)
        return {"type": "http.request", "body": part, "more_body": more}


@pytest.mark.parametrize("length", [b"0", b"10", b"-11", b"abc", b""])
def test_a_length_within_the_limit_passes(length: bytes) -> None:
    """What is no number is left to the count of what really comes."""
    check_headers(_scope((b"content-length", length)), LIMIT)


@pytest.mark.parametrize("length", [b"11", b"99999999999999999999"])
def test_a_length_above_the_limit_is_refused_at_once(length: bytes) -> None:
    """Nothing is read of a body that says itself that it is too large."""
    with pytest.raises(BodyTooLarge):
        check_headers(_scope((b"content-length", length)), LIMIT)


def test_an_expectation_that_is_known_passes() -> None:
    """`100-continue` in any case is what servers meet."""
    check_headers(_scope((b"expect", b"100-Continue")), LIMIT)


def test_an_unknown_expectation_is_refused() -> None:
    """Nobody is left waiting for something that will not come."""
    with pytest.raises(ExpectationRefused):
        check_headers(_scope((b"expect", b"200-ok")), LIMIT)


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=6))
def test_parts_are_put_together_up_to_the_limit(parts: list[bytes]) -> None:
    """A body in any parts is read whole, or refused at the part that goes too far."""
    caller, exchange = Caller(*parts), Exchange(RequestId("r"))
    whole = b"".join(parts)

    async def read() -> bytes:
        return await read_body(bounded(caller.receive, exchange, LIMIT))

    if len(whole) <= LIMIT:
        assert asyncio.run(read()) == whole
        assert exchange.received_bytes == len(whole)
    else:
        with pytest.raises(BodyTooLarge):
            asyncio.run(read())
        assert len(b"".join(parts[: caller.taken - 1])) <= LIMIT


async def test_a_body_that_does_not_come_is_late() -> None:
    """Who sends nothing holds the connection no longer than the timeout."""

    async def never() -> Never:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyLate):
        await read_body(never, timeout_s=0)


async def test_a_caller_that_goes_away_ends_the_read() -> None:
    """A disconnect is not an empty body."""

    async def gone() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await read_body(gone)
