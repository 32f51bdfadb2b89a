"""What a flood of strangers costs at the addresses of push: a few looks, and those are counted."""

import asyncio
import json
from collections import Counter

import pytest

from jobs.streams.stream import Channel
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from support.push_house import CALENDAR, MICROSOFT, PushHouse, entry, over
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
