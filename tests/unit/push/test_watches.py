"""What people see of push, and what becomes of it when they do something with an account."""

from datetime import timedelta

import pytest

from jobs.push.watches import PushState, PushWord, Watches
from jobs.streams.stream import AccountId, StreamStatus
from jobs.sync.faults import AuthRevoked, Temporary
from sanderling.kernel.errors import StoreUnavailableError
from support.lookout import PLAN, Lookout
from support.watches import EVENTS, GMAIL

FULL = timedelta(days=3)
ACCOUNT = AccountId("acc_1")


@pytest.fixture
def lookout() -> Lookout:
    """Return a lookout with nobody connected."""
    return Lookout()


def watches(lookout: Lookout) -> Watches:
    """Return what answers for watches."""
    return Watches(
        lookout.estate.watches,
        lookout.ending,
        lambda: lookout.plan,
        lookout.ask,
        lookout.clock,
    )


async def state(lookout: Lookout) -> PushState:
    """Return how push of the one mailbox stands."""
    streams = tuple(await lookout.estate.streams.of_account(ACCOUNT))
    return (await watches(lookout).states(streams))[GMAIL]


async def test_people_see_how_it_stands(lookout: Lookout) -> None:
    """It waits, fails with a reason, holds until a moment, and is off without one."""
    await lookout.estate.connect(1, GMAIL)
    assert await state(lookout) == PushState(PushWord.WAITING)

    lookout.watchers[GMAIL].fault = Temporary("it is away")
    await lookout.renewal().renew()
    failed = await state(lookout)
    assert (failed.word, "it is away" in failed.detail) == (PushWord.FAILED, True)

    lookout.watchers[GMAIL].fault = None
    lookout.clock.advance(3600)
    await lookout.renewal().renew()
    assert await state(lookout) == PushState(PushWord.WATCHED, lookout.clock.now() + FULL)

    lookout.turn_off("no topic")
    off = await state(lookout)
    assert (off.word, "MESSAGING_GMAIL_PUBSUB_TOPIC" in off.detail) == (PushWord.OFF, True)
    lookout.turn_off("all off")
    assert await state(lookout) == PushState(PushWord.OFF)


async def test_what_rests_is_not_watched(lookout: Lookout) -> None:
    """Of a paused stream nobody is told."""
    account = await lookout.estate.connect(1, GMAIL)
    await lookout.estate.switch(account.id, StreamStatus.PAUSED)

    assert await state(lookout) == PushState(PushWord.OFF)
    assert await watches(lookout).states(()) == {}


@pytest.mark.parametrize("fault", [None, Temporary("it is away"), AuthRevoked("invalid_grant")])
async def test_who_goes_is_watched_no_more(lookout: Lookout, fault: Temporary | None) -> None:
    """Its watches end at the provider where that answers, and here in any case."""
    account = await lookout.estate.connect(1, GMAIL, EVENTS)
    await lookout.renewal().renew()
    for watcher in lookout.watchers.values():
        watcher.fault = fault

    await watches(lookout).end(account.id)

    assert not await lookout.kept()
    assert bool(lookout.watchers[GMAIL].orders) is (fault is not None)


async def test_a_look_is_asked_for_while_push_is_on(lookout: Lookout) -> None:
    """Where it is off nothing is written, and a database that is away hinders nobody."""
    await watches(lookout).look_soon()
    assert lookout.asked == 1
    lookout.turn_off("all off")
    await watches(lookout).look_soon()
    assert lookout.asked == 1

    async def away() -> None:
        raise StoreUnavailableError(reason="it is away")

    silent = Watches(lookout.estate.watches, lookout.ending, lambda: PLAN, away, lookout.clock)
    await silent.look_soon()
    assert lookout.asked == 1


async def test_who_consents_again_is_watched_anew(lookout: Lookout) -> None:
    """What the provider dropped with the old consent is arranged at once, not in half its time."""
    account = await lookout.estate.connect(1, GMAIL, EVENTS)
    await lookout.renewal().renew()
    for watcher in lookout.watchers.values():
        watcher.orders.clear()
    lookout.clock.advance(3600)
    await lookout.renewal().renew()
    assert not any(watcher.orders for watcher in lookout.watchers.values())

    await watches(lookout).look_anew(account.id)
    await lookout.renewal().renew()

    assert lookout.asked == 1
    assert all(lookout.watchers[channel].orders for channel in (GMAIL, EVENTS))


async def test_who_consents_is_connected_whatever_becomes_of_push(
    lookout: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away by then is told in the log, and watches follow in their own time."""
    account = await lookout.estate.connect(1, GMAIL)
    silent = watches(lookout)

    async def away(*_given: object) -> int:
        raise StoreUnavailableError(reason="it is away")

    monkeypatch.setattr(lookout.estate.watches, "bring_all_forward", away)
    await silent.look_anew(account.id)
    assert lookout.asked == 1
    lookout.turn_off("all off")
    await silent.look_anew(account.id)
    assert lookout.asked == 1
