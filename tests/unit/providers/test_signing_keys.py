"""Google's keys are kept as long as Google says, and asked for no oftener than is of use."""

import asyncio

import httpx2
import pytest

from jobs.providers.google.signing_keys import PAUSE_S, GoogleSigningKeys, google_keys_url
from jobs.providers.http import open_client
from jobs.sync.faults import Temporary
from sanderling.kernel.clock import VirtualClock
from support.providers import Script
from support.signer import KEY_ID, key_set

HOUR = {"cache-control": "public, max-age=3600, must-revalidate, no-transform"}


class Bench:
    """Keys that are fetched from a script, and the clock by which they age."""

    def __init__(self) -> None:
        """Know no keys yet."""
        self.clock = VirtualClock()
        self.script = Script()
        client = open_client("", transport=httpx2.MockTransport(self.script.handle))
        self.keys = GoogleSigningKeys(client, google_keys_url("https://google.test/"), self.clock)

    async def known(self, key_id: str = KEY_ID) -> bool:
        """Claim that a key is there."""
        return key_id in await self.keys.having(key_id)


async def test_keys_are_fetched_once_and_kept_as_long_as_google_says() -> None:
    """They are asked for again when their hour is over."""
    bench = Bench()
    bench.script.then(200, key_set(), headers=HOUR).then(200, key_set(), headers=HOUR)

    found = await asyncio.gather(*[bench.known() for _ in range(20)])
    bench.clock.advance(3599)
    await bench.known()
    before = len(bench.script.asked)
    bench.clock.advance(1)
    await bench.known()

    assert (all(found), before, len(bench.script.asked)) == (True, 1, 2)
    assert str(bench.script.asked[0].url) == "https://google.test/oauth2/v3/certs"


async def test_an_unknown_key_is_looked_for_once_in_a_while() -> None:
    """Google may have a new one; a flood of invented names makes us ask no oftener."""
    bench = Bench()
    bench.script.then(200, key_set(), headers=HOUR).then(200, key_set("new"), headers=HOUR)
    await bench.known()

    too_soon = [await bench.known("new") for _ in range(100)]
    bench.clock.advance(PAUSE_S)
    later = await bench.known("new")

    assert (any(too_soon), later, len(bench.script.asked)) == (False, True, 2)


@pytest.mark.parametrize(
    ("status", "content"),
    [(500, b"{}"), (200, b"<html>"), (200, b'{"keys": []}'), (404, b""), (200, b"x" * 100_000)],
)
async def test_without_keys_it_fails_closed(status: int, content: bytes) -> None:
    """What cannot be read is not asked for again at once, and no key is invented."""
    bench = Bench()
    bench.script.then(status, content=content)

    for _ in range(3):
        with pytest.raises(Temporary):
            await bench.known()

    assert len(bench.script.asked) == 1


async def test_old_keys_are_not_used_while_new_ones_cannot_be_had() -> None:
    """A key that Google took back because it leaked lets in nobody for long."""
    bench = Bench()
    bench.script.then(200, key_set(), headers=HOUR).fails(httpx2.ConnectError("away"))
    await bench.known()

    bench.clock.advance(3600)

    with pytest.raises(Temporary):
        await bench.known()


@pytest.mark.parametrize(
    ("header", "kept_s"),
    [
        ("", 60),
        ("no-store", 60),
        ("max-age=0", 60),
        ("public, max-age=19800", 19800),
        ("s-maxage=9", 60),
        ("max-age=999999999", 86400),
    ],
)
async def test_no_answer_keeps_keys_for_ever_or_not_at_all(header: str, kept_s: int) -> None:
    """Between a minute and a day, whatever is said."""
    bench = Bench()
    bench.script.then(200, key_set(), headers={"cache-control": header})
    bench.script.fails(httpx2.ConnectError("away"))
    await bench.known()

    bench.clock.advance(kept_s - 1)
    before = await bench.known()
    bench.clock.advance(1)

    assert before
    with pytest.raises(Temporary):
        await bench.known()


def test_google_itself_is_asked_unless_something_stands_in_for_it() -> None:
    """The address is Google's own."""
    assert google_keys_url() == "https://www.googleapis.com/oauth2/v3/certs"
