"""What everything promises that asks a provider to tell of changes."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from jobs.push.memory_watcher import MemoryWatcher
from jobs.push.ports import Watched, Watcher, WatchOrder
from jobs.push.watch import Watch, digest_of_secret
from jobs.streams.stream import AccountId, Channel
from jobs.sync.faults import ItemGone
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import VirtualClock
from sanderling.simulator.google.gmail_watch import TOPIC
from support.accounts import HOME
from support.watching import watching

ACCOUNT = AccountRef("acc_1", HOME, "ada@example.com")


@dataclass(frozen=True, slots=True)
class Arranging:
    """What asks a provider, for which channel, and the time there."""

    watcher: Watcher
    channel: Channel
    now: datetime
    topic: str = "projects/crm/topics/mail"
    makes_anew: bool = False
    """Whether what the provider does not know any more goes on as a new one."""

    def order(self, number: int = 1) -> WatchOrder:
        """Return what is asked for."""
        return WatchOrder(
            f"order-{number}",
            f"secret-of-{number}".ljust(43, "_"),
            "https://crm.example.org/push/mail",
            self.topic,
            self.now + timedelta(days=2),
        )

    def kept(self, watched: Watched, order: WatchOrder) -> Watch:
        """Return a watch as it is kept after it was arranged."""
        return Watch(
            AccountId(ACCOUNT.id),
            ACCOUNT.workspace_id,
            self.channel,
            ACCOUNT.email,
            self.now,
            watched.remote_id,
            watched.resource_id,
            digest_of_secret(order.secret),
            watched.expires_at,
        )


@pytest.fixture(params=["lengthened", "replaced", *Channel])
async def arranging(request: pytest.FixtureRequest) -> AsyncGenerator[Arranging]:
    """Yield each way to arrange watches in turn; those of a channel ask a simulated provider."""
    if isinstance(request.param, Channel):
        async with watching(request.param) as one:
            is_googles = one.channel in {Channel.GMAIL, Channel.GOOGLE_CALENDAR}
            now = one.clock.now()
            yield Arranging(one.watcher, one.channel, now, TOPIC, makes_anew=is_googles)
        return
    clock = VirtualClock()
    watcher = MemoryWatcher(clock, keeps_ids=request.param == "lengthened")
    yield Arranging(watcher, Channel.GOOGLE_CALENDAR, clock.now())


async def test_a_watch_lasts(arranging: Arranging) -> None:
    """A provider tells of changes until a moment to come."""
    watched = await arranging.watcher.watch(ACCOUNT, arranging.order())

    assert watched.expires_at > arranging.now
    assert watched.expires_at.tzinfo is not None


async def test_a_watch_goes_on(arranging: Arranging) -> None:
    """What is renewed lasts as long as what is new, and may be renewed again."""
    first = arranging.order()
    watch = arranging.kept(await arranging.watcher.watch(ACCOUNT, first), first)

    for number in (2, 3):
        order = arranging.order(number)
        watched = await arranging.watcher.renew(ACCOUNT, watch, order)
        assert watched.expires_at > arranging.now
        watch = arranging.kept(watched, order)


async def test_what_was_stopped_is_stopped(arranging: Arranging) -> None:
    """Stopping it again is no fault, and so is stopping what the provider never knew."""
    order = arranging.order()
    watch = arranging.kept(await arranging.watcher.watch(ACCOUNT, order), order)

    for each in (watch, watch, replace(watch, remote_id="unknown", resource_id="unknown")):
        await arranging.watcher.stop(ACCOUNT, each)


async def test_what_the_provider_does_not_know_cannot_go_on(arranging: Arranging) -> None:
    """Whoever renews what was stopped is told, unless the provider makes a new one in its place."""
    order = arranging.order()
    watch = arranging.kept(await arranging.watcher.watch(ACCOUNT, order), order)
    await arranging.watcher.stop(ACCOUNT, watch)
    again = arranging.order(2)

    if arranging.makes_anew:
        assert (await arranging.watcher.renew(ACCOUNT, watch, again)).expires_at > arranging.now
    else:
        with pytest.raises(ItemGone):
            await arranging.watcher.renew(ACCOUNT, watch, again)
