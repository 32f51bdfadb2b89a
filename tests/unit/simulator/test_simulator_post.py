"""The simulated post outlives what cannot be sent: it is one notice that is not taken."""

import asyncio
from collections.abc import Mapping

import pytest

from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.core.faults import Faults
from sanderling.simulator.core.post import MOST_TRIES, Notice, Post, is_plain
from support.listener import ADDRESS, Listener
from support.waiting import until

_BAD: list[tuple[str, Mapping[str, str]]] = [
    (ADDRESS, {"x-goog-channel-token": "\u00e9\u2603"}),
    (ADDRESS, {"x-goog-channel-token": "\ud800"}),
    ("http://[::1/push", {}),
    ("http://127.0.0.1:x/push", {}),
    ("https://listener.test/\ud800", {}),
    ("", {}),
]


@pytest.fixture
def listener() -> Listener:
    """Return who is told."""
    return Listener()


@pytest.fixture
def post(listener: Listener) -> Post:
    """Return a post that leads to the listener."""
    post = Post(VirtualClock(), Faults(seed=1))
    post.outside = listener.transport
    return post


@pytest.mark.parametrize(("url", "headers"), _BAD)
async def test_what_cannot_be_sent_keeps_nothing_else(
    post: Post, listener: Listener, url: str, headers: Mapping[str, str]
) -> None:
    """Those that wait behind it are sent, and so is what is written once it was given up."""
    post.write(Notice(url, headers))
    post.write(Notice(ADDRESS, {}))
    running = asyncio.create_task(post.run())

    await until(lambda: len(listener.heard) == 1)
    post.write(Notice(ADDRESS, {}))
    await until(lambda: len(listener.heard) == 2)

    assert not running.done()
    assert post.counts["taken"] == 2
    running.cancel()


@pytest.mark.parametrize(("url", "headers"), _BAD)
async def test_what_cannot_be_sent_is_given_up(
    url: str, headers: Mapping[str, str], listener: Listener
) -> None:
    """It is tried no oftener than what nobody takes."""
    clock = VirtualClock()
    post = Post(clock, Faults(seed=1))
    post.outside = listener.transport
    post.write(Notice(url, headers))

    for _ in range(2 * MOST_TRIES):
        assert await post.deliver() == 0
        clock.advance(60)

    assert 1 <= post.counts["refused"] + post.counts["unreachable"] <= MOST_TRIES
    assert listener.heard == []


def test_no_address_is_asked_that_is_none() -> None:
    """Neither by the network of this machine nor by another."""
    post = Post(VirtualClock(), Faults(seed=1))

    assert [post.reaches(url) for url, _ in _BAD[2:4]] == [False, True]
    post.outside = Listener().transport
    assert not post.reaches("http://[::1/push")


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("", True), ("a b~", True), ("a\nb", False), ("\x7f", False), ("\u00e9", False)],
)
def test_headers_hold_printable_ascii(text: str, *, is_so: bool) -> None:
    """What is taken as a token is sent back in a header."""
    assert is_plain(text) is is_so
