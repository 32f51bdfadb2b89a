"""Simulated providers tell of changes as we ask them to, in requests that they describe."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx2
import pytest

from jobs.providers.google.methods import CLOSE_CHANNEL, STOP, WATCH, WATCH_EVENTS
from jobs.streams.stream import Channel
from jobs.sync.faults import AppRefused, ItemGone, PermissionMissing, ProviderFault
from sanderling.simulator.core.faults import FaultKind
from support.google_judge import Judge
from support.graph_judge import GraphJudge
from support.listener import ADDRESS
from support.watching import ACCOUNT, Watching, watching

pytestmark = pytest.mark.slow

_ITEM = "/subscriptions/{subscription%2Did}"
HEARD = {
    Channel.GMAIL: {WATCH.id, STOP.id},
    Channel.GOOGLE_CALENDAR: {WATCH_EVENTS.id, CLOSE_CHANNEL.id},
    Channel.MICROSOFT_MAIL: {"POST /subscriptions", f"PATCH {_ITEM}", f"DELETE {_ITEM}"},
}
HEARD[Channel.MICROSOFT_CALENDAR] = HEARD[Channel.MICROSOFT_MAIL]
GRAPHS = [Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR]
UNITS = {Channel.GMAIL: 100 + 100 + 50, Channel.GOOGLE_CALENDAR: 3}


@pytest.fixture(params=list(Channel))
async def one(request: pytest.FixtureRequest) -> AsyncGenerator[Watching]:
    """Yield our way to watch each channel in turn."""
    async with watching(request.param) as found:
        yield found


async def test_what_changes_is_told_until_it_is_stopped(one: Watching) -> None:
    """A change is told while there is a watch, by the secret of the order, and not afterwards."""
    watch = await one.arranged()
    await one.told()
    one.change()
    watched = await one.told()
    await one.watcher.stop(ACCOUNT, watch)
    one.change()

    assert (watched, await one.told()) == (1, 0)
    assert watch.expires_at is not None
    assert timedelta(days=2) < watch.expires_at - one.clock.now() <= timedelta(days=31)


async def test_a_renewed_watch_lasts_longer(one: Watching) -> None:
    """What goes on is told of when the first one would have ended; its id says whether it is it."""
    first = await one.arranged()
    one.clock.advance(2 * 86400)
    order = one.order(2)

    renewed = one.kept(await one.watcher.renew(ACCOUNT, first, order), order)

    assert first.expires_at is not None
    assert renewed.expires_at is not None
    assert renewed.expires_at > first.expires_at
    assert (renewed.remote_id == first.remote_id) == (one.channel is not Channel.GOOGLE_CALENDAR)
    one.clock.advance((first.expires_at - one.clock.now()).total_seconds())
    await one.told()
    one.change()
    assert await one.told() == 1


async def test_every_request_is_as_the_provider_describes_it(one: Watching) -> None:
    """Paths, bodies and answers are those of the discovery documents and Graph's metadata."""
    judge = GraphJudge() if one.channel in GRAPHS else Judge()
    one.site.on_served = judge

    watch = await one.arranged()
    order = one.order(2)
    again = one.kept(await one.watcher.renew(ACCOUNT, watch, order), order)
    await one.watcher.stop(ACCOUNT, again)

    assert judge.wrong == []
    assert judge.heard == HEARD[one.channel]
    assert one.quota.units == {ACCOUNT.id: UNITS.get(one.channel, 3)}


async def test_stopping_twice_is_no_fault(one: Watching) -> None:
    """One that the provider does not know is stopped already."""
    watch = await one.arranged()

    await one.watcher.stop(ACCOUNT, watch)
    await one.watcher.stop(ACCOUNT, watch)

    assert await one.told() == 0


@pytest.mark.parametrize(
    "kind", [FaultKind.ERROR_503, FaultKind.RATE_429, FaultKind.HTML, FaultKind.TRUNCATED]
)
async def test_a_provider_that_fails_is_told_in_our_words(one: Watching, kind: FaultKind) -> None:
    """Nothing but kinds of faults come out, and nothing is taken for a watch that is none."""
    one.world.faults.script([kind])

    with pytest.raises(ProviderFault) as failed:
        await one.arranged()

    assert not isinstance(failed.value, AppRefused | PermissionMissing)


@pytest.fixture
async def gmail() -> AsyncGenerator[Watching]:
    """Yield our way to watch a mailbox of Gmail."""
    async with watching(Channel.GMAIL) as found:
        yield found


@pytest.mark.parametrize(
    "topic", ["projects/other/topics/gmail", "projects/simulator/topics/other", ""]
)
async def test_a_topic_that_gmail_may_not_publish_to_is_told(gmail: Watching, topic: str) -> None:
    """With what the operator does about it, and nothing of what Google wrote."""
    with pytest.raises(AppRefused, match="gmail-api-push@system") as refused:
        await gmail.watcher.watch(ACCOUNT, gmail.order(topic=topic))

    assert "MESSAGING_GMAIL_PUBSUB_TOPIC" in str(refused.value)


async def test_a_missing_consent_is_not_taken_for_a_topic(gmail: Watching) -> None:
    """It is the person who can do something about it."""
    gmail.world.faults.script([FaultKind.PERMISSION_403])

    with pytest.raises(PermissionMissing):
        await gmail.arranged()


async def test_an_address_without_tls_is_told() -> None:
    """As Google Calendar says it."""
    async with watching(Channel.GOOGLE_CALENDAR) as one:
        with pytest.raises(AppRefused, match="SERVER_URL"):
            await one.watcher.watch(ACCOUNT, one.order(address="http://listener.test/push"))


@pytest.fixture(params=GRAPHS)
async def graph(request: pytest.FixtureRequest) -> AsyncGenerator[Watching]:
    """Yield our ways to subscribe at Graph."""
    async with watching(request.param) as found:
        yield found


@pytest.mark.parametrize("validation", [httpx2.Response(404), httpx2.ConnectError("away")])
async def test_an_address_that_graph_does_not_reach_is_told(
    graph: Watching, validation: httpx2.Response | Exception
) -> None:
    """Nothing was made, and the operator is told what to do."""
    graph.listener.validation = validation

    with pytest.raises(AppRefused, match="SERVER_URL"):
        await graph.arranged()

    graph.change()
    assert await graph.told() == 0


async def test_what_graph_forgot_cannot_be_renewed(graph: Watching) -> None:
    """It is to be made anew: it expired, was removed, or leads to an address of earlier."""
    moved, gone = await graph.arranged(1), await graph.arranged(2)
    await graph.watcher.stop(ACCOUNT, gone)

    with pytest.raises(ItemGone):
        await graph.watcher.renew(ACCOUNT, gone, graph.order(3))
    with pytest.raises(ItemGone):
        await graph.watcher.renew(ACCOUNT, moved, graph.order(3, address=f"{ADDRESS}/new"))
    graph.clock.advance(8 * 86400)
    with pytest.raises(ItemGone):
        await graph.watcher.renew(ACCOUNT, moved, graph.order(3))


async def test_no_more_is_asked_of_graph_than_it_gives(graph: Watching) -> None:
    """An order of weeks is shortened: Graph refuses what is too long, and our clock may differ."""
    watch = await graph.arranged()

    assert watch.expires_at == graph.clock.now() + timedelta(minutes=4200)
