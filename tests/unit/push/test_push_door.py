"""What comes in by the door of push is a hint, and only of whoever shows the secret."""

import pytest

from jobs.push.door import SPACING_S, PushDoor, Told
from jobs.push.hints import Hint, Hints
from jobs.push.watch import Watch
from jobs.streams.stream import Channel
from sanderling.kernel.errors import StoreUnavailableError
from support.lookout import Lookout
from support.watches import EVENTS, GMAIL

MAIL = Channel.MICROSOFT_MAIL


class Doorway:
    """A door, what waits behind it, and a watch of each sort."""

    def __init__(self) -> None:
        """Open the door."""
        self.lookout = Lookout()
        self.hints = Hints(self.lookout.estate.streams, self.lookout.clock)
        self.door = PushDoor(
            self.lookout.estate.watches,
            self.hints,
            lambda: self.lookout.plan,
            self.lookout.ask,
            self.lookout.clock,
        )

    async def subscription(self, name: str, secret: str, lifecycle: str | None = None) -> bool:
        """Let Graph tell of one subscription."""
        [is_known] = await self.door.subscriptions([Told(name, secret, lifecycle)])
        return is_known

    async def watched(self, channel: Channel) -> tuple[Watch, str]:
        """Return the watch of a new account, and its secret."""
        await self.lookout.estate.connect(1, channel, email="ada@example.com")
        await self.lookout.renewal().renew()
        [watch] = await self.lookout.kept()
        [order] = self.lookout.watchers[channel].orders.values()
        return watch, order.secret


@pytest.fixture
def doorway() -> Doorway:
    """Return an open door."""
    return Doorway()


async def test_a_mailbox_is_told_of_in_every_workspace(doorway: Doorway) -> None:
    """Gmail names a mailbox; whoever has it connected is hinted at, and nobody else."""
    for number, email in ((1, "ada@example.com"), (2, "Ada@Example.com"), (3, "b@example.com")):
        await doorway.lookout.estate.connect(number, email=email)
    await doorway.lookout.renewal().renew()

    assert await doorway.door.gmail("ADA@example.com")

    assert len(doorway.hints) == 2
    assert not await doorway.door.gmail("nobody@example.com")
    assert len(doorway.hints) == 2


@pytest.mark.parametrize("channel", [EVENTS, MAIL, Channel.MICROSOFT_CALENDAR])
async def test_a_secret_opens_its_own_watch(doorway: Doorway, channel: Channel) -> None:
    """Who shows another secret, or names another watch, leaves nothing behind."""
    watch, secret = await doorway.watched(channel)

    async def tell(name: str, shown: str) -> bool:
        if channel is EVENTS:
            return await doorway.door.channel(name, shown, "exists")
        return await doorway.subscription(name, shown)

    for name, shown in (
        (watch.remote_id, ""),
        (watch.remote_id, secret.swapcase()),
        (watch.remote_id, watch.secret_digest.hex()),
        ("", secret),
        ("unknown", secret),
        (watch.account_id, secret),
    ):
        assert not await tell(name, shown)
    assert len(doorway.hints) == 0
    assert await tell(watch.remote_id, secret)
    assert len(doorway.hints) == 1


async def test_the_beginning_of_a_channel_is_no_change(doorway: Doorway) -> None:
    """Google says `sync` once a channel is there."""
    watch, secret = await doorway.watched(EVENTS)

    assert await doorway.door.channel(watch.remote_id, secret, "sync")
    assert len(doorway.hints) == 0


async def test_one_room_does_not_open_another(doorway: Doorway) -> None:
    """A channel of Google is no subscription of Microsoft, whatever secret comes with it."""
    watch, secret = await doorway.watched(EVENTS)

    assert not await doorway.subscription(watch.remote_id, secret)
    assert not await doorway.door.gmail(watch.address)
    assert len(doorway.hints) == 0


@pytest.mark.parametrize(
    ("lifecycle", "hints", "is_held", "asked"),
    [
        ("missed", 1, True, 0),
        ("reauthorizationRequired", 0, True, 1),
        ("subscriptionRemoved", 0, False, 1),
        ("somethingNew", 0, True, 0),
    ],
)
async def test_a_subscription_tells_of_itself(
    doorway: Doorway, lifecycle: str, hints: int, *, is_held: bool, asked: int
) -> None:
    """What ends is renewed soon, what is gone is made anew, and what was missed is looked for."""
    watch, secret = await doorway.watched(MAIL)
    clock = doorway.lookout.clock

    for _ in range(20):
        assert await doorway.subscription(watch.remote_id, secret, lifecycle)

    [kept] = await doorway.lookout.kept()
    assert (len(doorway.hints), doorway.lookout.asked) == (hints, asked)
    assert kept.is_held(clock.now()) is is_held
    assert (kept.next_at <= clock.now()) is bool(asked)
    await doorway.lookout.renewal().renew()
    [again] = await doorway.lookout.kept()
    assert again.is_held(clock.now())
    assert again.remote_id in doorway.lookout.watchers[MAIL].orders
    clock.advance(SPACING_S)
    await doorway.subscription(again.remote_id, "wrong", lifecycle)
    assert doorway.lookout.asked == asked


async def test_a_closed_door_says_so(doorway: Doorway) -> None:
    """Whoever has push off tells nobody that there is such a door."""
    assert doorway.door.is_open
    doorway.lookout.turn_off("all off")
    assert not doorway.door.is_open


async def test_a_hint_makes_its_stream_due(doorway: Doorway) -> None:
    """From the door it is not far to the stream."""
    account = await doorway.lookout.estate.connect(1, GMAIL)
    await doorway.lookout.renewal().renew()
    doorway.lookout.clock.advance(5)

    await doorway.door.gmail(account.email)
    await doorway.hints.flush()

    [stream] = await doorway.lookout.estate.streams.of_account(account.id)
    assert stream.hinted_at == doorway.lookout.clock.now()
    assert Hint(account.id, GMAIL) in doorway.lookout.hinted


async def test_a_notice_that_could_not_be_taken_is_taken_when_it_comes_again() -> None:
    """A database that is away once costs no renewal: whoever tells again is heard."""
    doorway = Doorway()
    watch, secret = await doorway.watched(MAIL)
    lookout, aways = doorway.lookout, [True, True]

    async def ask() -> None:
        if aways.pop() if aways else False:
            raise StoreUnavailableError(reason="it is away")
        await lookout.ask()

    doorway.door = PushDoor(
        lookout.estate.watches, doorway.hints, lambda: lookout.plan, ask, lookout.clock
    )
    for _ in range(2):
        with pytest.raises(StoreUnavailableError):
            await doorway.subscription(watch.remote_id, secret, "subscriptionRemoved")
    assert await doorway.subscription(watch.remote_id, secret, "subscriptionRemoved")

    [kept] = await lookout.kept()
    assert (kept.expires_at, lookout.asked) == (None, 1)


async def test_a_notice_overwrites_no_renewal(doorway: Doorway) -> None:
    """What is told of a watch that another one took the place of meanwhile changes nothing."""
    watch, secret = await doorway.watched(MAIL)
    lookout = doorway.lookout
    find, orders = lookout.estate.watches.find_many, lookout.watchers[MAIL].orders

    async def found(*args: object) -> object:
        before = await find(*args)  # type: ignore[arg-type] # they are handed on.
        orders.clear()
        lookout.clock.advance(2 * 86_400)
        await lookout.renewal().renew()
        return before

    lookout.estate.watches.find_many = found  # type: ignore[method-assign, assignment] # as above.
    await doorway.subscription(watch.remote_id, secret, "subscriptionRemoved")

    [kept] = await lookout.kept()
    assert kept.is_held(lookout.clock.now())
    assert list(orders) == [kept.remote_id] != [watch.remote_id]
