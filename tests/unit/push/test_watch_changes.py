"""Settings that change, accounts that go and providers that are away, amid a run of the renewal."""

from dataclasses import replace

import pytest

from jobs.push.renewal import AWAY_AFTER, TOGETHER
from jobs.push.watches import PushWord, Watches
from jobs.streams.stream import Channel
from jobs.sync.faults import Temporary
from support.lookout import Lookout
from support.watches import EVENTS, GMAIL

AWAY = Temporary("it is away")
MAIL = Channel.MICROSOFT_MAIL
DAY_S = 86_400


@pytest.fixture
def lookout() -> Lookout:
    """Return a lookout with nobody connected."""
    return Lookout()


@pytest.mark.parametrize("days", [2, 4])
async def test_who_goes_amid_a_renewal_takes_nothing_from_the_other_workspace(
    lookout: Lookout, days: int
) -> None:
    """The mailbox's one watch goes on, whether the other one's is held or due to be renewed."""
    one, _ = [await lookout.estate.connect(number, email="a@example.com") for number in (1, 2)]
    await lookout.renewal().renew()
    lookout.clock.advance(days * DAY_S)
    watcher = lookout.watchers[GMAIL]

    async def goes() -> None:
        watcher.meanwhile = None
        await lookout.estate.streams.close(one.id)
        [watch] = await lookout.estate.watches.of_account(one.id)
        await lookout.ending.end(watch)

    watcher.meanwhile = goes
    await lookout.renewal().renew()

    [kept] = await lookout.kept()
    assert kept.is_held(lookout.clock.now())
    assert list(watcher.orders) == ["a@example.com"]


async def test_a_provider_that_is_away_keeps_nobody_from_being_watched(lookout: Lookout) -> None:
    """Of many watches to end it is asked about a few, and the others go on meanwhile."""
    for number in range(1, 100):
        await lookout.estate.connect(number, EVENTS)
    await lookout.renewal().renew()
    await lookout.estate.connect(201, GMAIL)
    lookout.plan = replace(lookout.plan, turned_on=frozenset({GMAIL}))
    lookout.watchers[EVENTS].fault = AWAY

    told = await lookout.renewal().renew()

    tried = [watch for watch in await lookout.kept() if watch.failures]
    assert AWAY_AFTER <= len(tried) <= TOGETHER
    assert told.startswith("Watches arranged or renewed: 1; ended: 0;")


async def test_what_is_turned_off_amid_a_run_is_ended_by_it(lookout: Lookout) -> None:
    """The settings of the moment count, and what was arranged by older ones does not stay."""
    for number in range(1, 41):
        await lookout.estate.connect(number, EVENTS)
    asked = 0

    async def off() -> None:
        nonlocal asked
        asked += 1
        lookout.turn_off("all off")

    lookout.meanwhile(off)
    await lookout.renewal().renew()

    assert 1 <= asked <= TOGETHER
    assert not lookout.watchers[EVENTS].orders
    assert not await lookout.kept()


@pytest.mark.parametrize("channel", list(Channel))
async def test_another_address_is_told_to_providers(lookout: Lookout, channel: Channel) -> None:
    """Until they agreed nobody is said to be watched, and of two watches the old one is ended."""
    account = await lookout.estate.connect(1, channel)
    await lookout.renewal().renew()
    watcher = lookout.watchers[channel]
    lookout.plan = replace(lookout.plan, topic="other", base_url="https://new.example.org")
    watches = Watches(
        lookout.estate.watches, lookout.ending, lambda: lookout.plan, lookout.ask, lookout.clock
    )

    async def word() -> PushWord:
        streams = tuple(await lookout.estate.streams.of_account(account.id))
        return (await watches.states(streams))[channel].word

    assert await word() == PushWord.WAITING
    watcher.fault = AWAY
    assert "again: 1" in await lookout.renewal().renew()
    assert "again: 0" in await lookout.renewal().renew()
    watcher.fault = None
    lookout.clock.advance(3600)
    await lookout.renewal().renew()

    [order] = watcher.orders.values()
    is_gmail = channel is GMAIL
    assert order.topic == ("other" if is_gmail else "")
    assert order.address_url.startswith("https://new.example.org/push/")
    assert await word() == PushWord.WATCHED
