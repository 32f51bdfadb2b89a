"""What a flood of strangers costs at the addresses of push: a few looks, and those are counted."""

import asyncio
import json
from collections import Counter

import pytest

from jobs.streams.stream import Channel
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from support.push_house import (
    AWAY,
    CALENDAR,
    GMAIL,
    MICROSOFT,
    PushHouse,
    entry,
    over,
    pubsub,
    signed,
)
from support.services import GENEROUS, open_http

BURST = 3
FEW = LimitPolicy(GENEROUS, GENEROUS, GENEROUS, anonymous_address=RateLimit(BURST, 60_000))
INVENTED = [entry(f"x{number}", "y") for number in range(100)]


def counting(here: PushHouse) -> Counter[str]:
    """Return how often watches are looked up from now on, each time after others had their turn."""
    looks = Counter[str]()
    store = here.lookout.estate.watches
    find, find_many = store.find, store.find_many

    async def found(*args: object) -> object:
        looks["find"] += 1
        await asyncio.sleep(0)
        return await find(*args)  # type: ignore[arg-type] # they are handed on.

    async def found_many(*args: object) -> object:
        looks["find"] += 1
        await asyncio.sleep(0)
        return await find_many(*args)  # type: ignore[arg-type] # as above.

    store.find, store.find_many = found, found_many  # type: ignore[method-assign, assignment] # as above.
    return looks


@pytest.mark.parametrize("path", [MICROSOFT, CALENDAR])
async def test_a_flood_at_once_is_looked_up_a_few_times(path: str) -> None:
    """Though none of it was counted when it came."""
    here = PushHouse(policy=FEW)
    looks = counting(here)
    body, headers = json.dumps({"value": INVENTED}), over("unknown", "x")

    async with open_http(here.house) as http:
        answers = await asyncio.gather(
            *(http.post(path, content=body, headers=headers) for _ in range(200))
        )

    assert 1 <= looks["find"] <= 2 * BURST
    assert Counter(answer.status_code for answer in answers)[429] >= 200 - 2 * BURST


async def test_every_entry_in_vain_is_counted() -> None:
    """One body may be as much as many are, and one good entry pays for none of the others."""
    here = PushHouse(policy=FEW)
    watch, secret = await here.watched(1, Channel.MICROSOFT_MAIL)
    looks = counting(here)
    body = {"value": [*INVENTED[1:], entry(watch.remote_id, secret)]}

    async with open_http(here.house) as http:
        first = await http.post(MICROSOFT, json=body)
        stranger = await http.post(MICROSOFT, json={"value": INVENTED[:1]})

    assert (first.status_code, stranger.status_code) == (429, 429)
    # What was good in it was taken.
    assert (looks["find"], len(here.hints)) == (1, 1)


@pytest.mark.parametrize(("token", "refused"), [("forged", 403), (AWAY, 503)])
async def test_a_flood_of_bad_signatures_is_counted(token: str, refused: int) -> None:
    """No watch is looked up for it, and its network is turned away; what Google signed passes."""
    here = PushHouse(policy=FEW)
    watch, _ = await here.watched(1, Channel.GMAIL)
    looks, body = counting(here), pubsub(watch.address)

    async with open_http(here.house) as http:
        answers = await asyncio.gather(
            *(http.post(GMAIL, content=body, headers=signed(token)) for _ in range(50))
        )
        elsewhere = await http.post(CALENDAR, headers=over("unknown", "x"))
        google = await http.post(GMAIL, content=body, headers=signed())

    assert Counter(answer.status_code for answer in answers) == {refused: BURST, 429: 50 - BURST}
    assert (looks["find"], elsewhere.status_code) == (0, 429)
    assert (google.status_code, len(here.hints)) == (204, 1)


async def test_google_is_not_counted_while_its_keys_are_away() -> None:
    """A network from which something came that Google signed may come again at once."""
    here = PushHouse(policy=FEW)
    watch, _ = await here.watched(1, Channel.GMAIL)
    body = pubsub(watch.address)

    async with open_http(here.house) as http:
        await http.post(GMAIL, content=body, headers=signed())
        away = [await http.post(GMAIL, content=body, headers=signed(AWAY)) for _ in range(9)]
        forged = [await http.post(GMAIL, content=body, headers=signed("forged")) for _ in range(9)]

    assert {answer.status_code for answer in away} == {503}
    assert {answer.status_code for answer in forged[BURST:]} == {429}
