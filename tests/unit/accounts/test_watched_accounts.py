"""What becomes of push when people do something with an account."""

from dataclasses import dataclass, field

import pytest

from jobs.push.watches import PushState, PushWord, Watches
from jobs.streams.stream import Channel
from jobs.sync.faults import Temporary
from support.account_desk import Desk
from support.accounts import HOME
from support.lookout import Lookout
from support.watches import MemoryEstate


@dataclass
class Watched:
    """A desk whose accounts are watched."""

    stores: MemoryEstate = field(default_factory=MemoryEstate)

    def __post_init__(self) -> None:
        """Open both."""
        look = self.lookout = Lookout(estate=self.stores.opened())
        watches = Watches(look.estate.watches, look.ending, lambda: look.plan, look.ask, look.clock)
        self.desk = Desk(look.clock, self.stores.accounts, watches)

    async def states(self, account_id: str) -> dict[Channel, PushWord]:
        """Return how push of each channel stands."""
        view = await self.desk.accounts.show(HOME, account_id)
        return {channel: push.word for channel, push in view.pushes.items()}


@pytest.fixture
def watched() -> Watched:
    """Return a desk at which nobody was yet."""
    return Watched()


async def test_who_connects_is_watched_at_once(watched: Watched) -> None:
    """Nobody waits for the next hour: a look is asked for, and it finds each channel."""
    account = await watched.desk.connected(Channel.GMAIL, Channel.GOOGLE_CALENDAR)
    waiting = await watched.states(account.id)

    assert watched.lookout.asked == 1
    await watched.lookout.renewal().renew()

    both = {Channel.GMAIL, Channel.GOOGLE_CALENDAR}
    assert waiting == dict.fromkeys(both, PushWord.WAITING)
    assert await watched.states(account.id) == dict.fromkeys(both, PushWord.WATCHED)


async def test_who_pauses_is_watched_no_more_until_resumed(watched: Watched) -> None:
    """Both ask for a look, and the look does it."""
    account = await watched.desk.connected(Channel.GMAIL)
    await watched.lookout.renewal().renew()

    await watched.desk.accounts.pause(HOME, account.id)
    await watched.lookout.renewal().renew()
    paused = (await watched.lookout.kept(), await watched.states(account.id))
    await watched.desk.accounts.resume(HOME, account.id)
    await watched.lookout.renewal().renew()

    assert paused == ([], {Channel.GMAIL: PushWord.OFF})
    assert await watched.states(account.id) == {Channel.GMAIL: PushWord.WATCHED}
    assert watched.lookout.asked == 3


@pytest.mark.parametrize("fault", [None, Temporary("it is away")])
async def test_who_disconnects_is_watched_no_more(
    watched: Watched, fault: Temporary | None
) -> None:
    """It is ended while there are tokens for it, and a provider that is away hinders nothing."""
    account = await watched.desk.connected(Channel.GMAIL)
    await watched.lookout.renewal().renew()
    [watch] = await watched.lookout.kept()
    watched.lookout.watchers[Channel.GMAIL].fault = fault

    await watched.desk.accounts.disconnect(HOME, account.id)

    assert not await watched.lookout.estate.watches.of_account(account.id)
    orders = watched.lookout.watchers[Channel.GMAIL].orders
    assert list(orders) == ([] if fault is None else [watch.address])
    assert await watched.stores.accounts.tokens(account.id) is None


async def test_where_push_is_off_nobody_is_asked(watched: Watched) -> None:
    """Whoever has it off sees so, and nothing is written for it."""
    watched.lookout.turn_off("all off")
    account = await watched.desk.connected(Channel.GMAIL)
    view = await watched.desk.accounts.pause(HOME, account.id)

    assert view.pushes == {Channel.GMAIL: PushState(PushWord.OFF)}
    assert watched.lookout.asked == 0
