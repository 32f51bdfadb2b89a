"""Watches are arranged, renewed and ended, whoever fails or dies in between."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.push.hints import Hint
from jobs.push.renewal import AWAY_AFTER, CLAIM
from jobs.streams.stream import Channel, StreamStatus
from jobs.sync.faults import AppRefused, AuthRevoked, PermissionMissing, RateLimited, Temporary
from sanderling.kernel.errors import StoreUnavailableError
from support.lookout import Lookout
from support.watches import EVENTS, GMAIL

AWAY = Temporary("it is away")
DAY_S = 86_400


@pytest.fixture
def lookout() -> Lookout:
    """Return a lookout with nobody connected."""
    return Lookout()


async def test_streams_are_watched(lookout: Lookout) -> None:
    """Every channel that is worked on is arranged once, at its address, and hinted at."""
    account = await lookout.estate.connect(1, GMAIL, EVENTS)

    assert await lookout.renewal().renew() == (
        "Watches arranged or renewed: 2; ended: 0; to be tried again: 0."
    )

    mail, events = await lookout.kept()
    assert mail.is_held(lookout.clock.now())
    assert events.is_held(lookout.clock.now())
    assert set(lookout.hinted) == {Hint(account.id, GMAIL), Hint(account.id, EVENTS)}
    [order] = lookout.watchers[GMAIL].orders.values()
    assert (order.address_url, order.topic) == ("https://crm.example.org/push/gmail", "topic")
    [order] = lookout.watchers[EVENTS].orders.values()
    assert (order.address_url, order.topic) == ("https://crm.example.org/push/google-calendar", "")
    assert events.knows(order.secret)
    assert "0" in await lookout.renewal().renew()


@pytest.mark.parametrize("keeps_ids", [True, False])
async def test_a_watch_goes_on_before_it_ends(lookout: Lookout, *, keeps_ids: bool) -> None:
    """For a month nobody stops telling, one watch is held, and its secret is the one it shows."""
    lookout.watchers[EVENTS].keeps_ids = keeps_ids
    await lookout.estate.connect(1, EVENTS)
    await lookout.renewal().renew()
    lookout.hinted.clear()

    for _ in range(24 * 30):
        lookout.clock.advance(3600)
        await lookout.renewal().renew()
        assert [each.is_held(lookout.clock.now()) for each in await lookout.kept()] == [True]

    [watch] = await lookout.kept()
    [(remote_id, order)] = lookout.watchers[EVENTS].orders.items()
    assert (watch.remote_id, watch.knows(order.secret)) == (remote_id, True)
    # What another one told before it was known is looked for; the same one went on telling.
    assert bool(lookout.hinted) is not keeps_ids


async def test_what_the_provider_dropped_is_arranged_anew(lookout: Lookout) -> None:
    """A subscription that is gone there is made again, and what it missed is looked for."""
    await lookout.estate.connect(1, EVENTS)
    await lookout.renewal().renew()
    lookout.watchers[EVENTS].orders.clear()
    lookout.hinted.clear()
    lookout.clock.advance(2 * DAY_S)

    await lookout.renewal().renew()

    [watch] = await lookout.kept()
    assert list(lookout.watchers[EVENTS].orders) == [watch.remote_id]
    assert len(lookout.hinted) == 1


@pytest.mark.parametrize(
    "fault",
    [
        AWAY,
        RateLimited(retry_after_s=7200),
        AuthRevoked("invalid_grant"),
        PermissionMissing("the scope", "Connect it again"),
        AppRefused("the domain", "Prove that it is yours"),
    ],
)
async def test_what_fails_is_tried_again(lookout: Lookout, fault: Exception) -> None:
    """It says why, waits, and is watched once the provider agrees; a watch that holds stays."""
    await lookout.estate.connect(1, EVENTS)
    lookout.watchers[EVENTS].fault = fault  # type: ignore[assignment] # all of them are its kind.

    told = await lookout.renewal().renew()

    [watch] = await lookout.kept()
    assert told.endswith("to be tried again: 1.")
    assert (watch.failures, watch.detail) == (1, str(fault))
    assert not watch.is_held(lookout.clock.now())
    lookout.watchers[EVENTS].fault = None
    assert (await lookout.renewal().renew()).endswith("again: 0.")
    lookout.clock.advance(7200)
    await lookout.renewal().renew()
    [watch] = await lookout.kept()
    assert (watch.failures, watch.detail) == (0, "")
    assert watch.is_held(lookout.clock.now())


async def test_a_provider_that_is_away_is_left_alone(lookout: Lookout) -> None:
    """It is asked a few times, and the other one is asked all the same."""
    lookout.watchers[GMAIL].fault = AWAY
    for number in range(1, 60):
        await lookout.estate.connect(number, GMAIL, EVENTS)

    await lookout.renewal().renew()

    tried = [watch for watch in await lookout.kept() if watch.channel is GMAIL and watch.failures]
    assert AWAY_AFTER <= len(tried) < 59
    assert len(lookout.watchers[EVENTS].orders) == 59


@pytest.mark.parametrize("why", ["paused", "channel off", "all off", "no topic"])
async def test_what_nobody_wants_is_ended(lookout: Lookout, why: str) -> None:
    """The provider tells nothing more, and the row is gone."""
    account = await lookout.estate.connect(1, GMAIL)
    await lookout.renewal().renew()
    assert lookout.watchers[GMAIL].orders
    if why == "paused":
        await lookout.estate.switch(account.id, StreamStatus.PAUSED)
    lookout.turn_off(why)

    assert "ended: 1" in await lookout.renewal().renew()

    assert not await lookout.kept()
    assert not lookout.watchers[GMAIL].orders


async def test_what_cannot_be_ended_is_tried_until_it_is_over(lookout: Lookout) -> None:
    """A provider that is away is asked again, and no more once it tells nothing by itself."""
    await lookout.estate.connect(1, EVENTS)
    await lookout.renewal().renew()
    lookout.turn_off("all off")
    lookout.watchers[EVENTS].fault = AWAY

    for _ in range(3):
        assert (await lookout.renewal().renew()).startswith("Watches arranged or renewed: 0")
        lookout.clock.advance(6 * 3600)
    [watch] = await lookout.kept()
    assert (watch.is_ending, watch.failures) == (True, 3)
    lookout.clock.advance(3 * DAY_S)
    await lookout.renewal().renew()
    assert not await lookout.kept()


async def test_a_mailbox_of_two_workspaces_is_told_of_until_both_are_gone(
    lookout: Lookout,
) -> None:
    """Gmail knows one watch of a mailbox: pausing it here takes nothing from there."""
    accounts = [await lookout.estate.connect(number, email="a@example.com") for number in (1, 2)]
    await lookout.renewal().renew()
    orders = lookout.watchers[GMAIL].orders
    before = len(orders)

    await lookout.estate.switch(accounts[0].id, StreamStatus.PAUSED)
    await lookout.renewal().renew()
    assert len(orders) == before
    assert [watch.account_id for watch in await lookout.kept()] == [accounts[1].id]
    await lookout.estate.switch(accounts[1].id, StreamStatus.PAUSED)
    await lookout.renewal().renew()
    assert len(orders) == before - 1


async def test_who_is_disconnected_meanwhile_is_not_watched(lookout: Lookout) -> None:
    """An answer that comes after the account went is ended at its provider."""
    account = await lookout.estate.connect(1, EVENTS)
    lookout.meanwhile(lambda: lookout.estate.watches.remove(account.id, EVENTS))

    await lookout.renewal().renew()

    assert not await lookout.kept()
    assert not lookout.watchers[EVENTS].orders


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    steps=st.lists(
        st.sampled_from(["die", "fail", "renew", "hour", "day", "pause", "resume"]), max_size=25
    ),
    channel=st.sampled_from([Channel.GOOGLE_CALENDAR, Channel.MICROSOFT_MAIL]),
)
def test_nobody_who_dies_leaves_a_stream_unwatched(steps: list[str], channel: Channel) -> None:
    """After any crash between a provider's answer and our row, a working hour mends it."""

    async def play() -> None:
        lookout = Lookout()
        account = await lookout.estate.connect(1, channel)
        for step in steps:
            if step in {"pause", "resume"}:
                status = StreamStatus.PAUSED if step == "pause" else StreamStatus.ACTIVE
                await lookout.estate.switch(account.id, status)
            lookout.watchers[channel].fault = AWAY if step == "fail" else None
            lookout.dies = step == "die"
            lookout.clock.advance({"hour": 3600, "day": DAY_S}.get(step, 1))
            try:
                await lookout.renewal().renew()
            except StoreUnavailableError:
                assert step == "die"
        lookout.dies = False
        lookout.watchers[channel].fault = None
        await lookout.estate.switch(account.id, StreamStatus.ACTIVE)
        lookout.clock.advance(timedelta(hours=7).total_seconds())
        await lookout.renewal().renew()
        [watch] = await lookout.kept()
        assert watch.is_held(lookout.clock.now())
        assert watch.remote_id in lookout.watchers[channel].orders

    assert timedelta(hours=1) > CLAIM
    asyncio.run(play())
