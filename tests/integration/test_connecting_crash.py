"""A process may end at any moment while somebody connects an account, and none is left unsynced."""

import itertools
from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.accounts.account import Account, Provider
from jobs.accounts.accounts import Accounts, Belongings, Tools
from jobs.accounts.consent import Answer
from jobs.streams.stream import Channel, StreamStatus
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds
from sanderling.store import (
    SQLAccountRecords,
    SQLAccountStore,
    SQLSliceHistory,
    SQLStreamStore,
)
from support.accounts import HOME, a_sealer
from support.lasting_remote import MortalDatabase
from support.remote import Killed
from support.tokens import Balky
from support.watches import unwatched

EMAIL = "ada@example.com"
MOST_TRANSACTIONS = 20


class Front:
    """The way to connect an account, on a database whose process may end."""

    def __init__(self, database: MortalDatabase) -> None:
        """Begin with nobody."""
        self.database = database
        clock = VirtualClock()
        numbers = itertools.count(1)
        self.sign_in = Balky(clock)
        self.streams = SQLStreamStore(database)
        self.store = SQLAccountStore(database, a_sealer())
        belongings = Belongings(
            self.streams, SQLAccountRecords(database), SQLSliceHistory(database), unwatched(clock)
        )
        self.accounts = Accounts(
            self.store,
            belongings,
            self.sign_in,
            Tools(clock, SortableIds(clock), lambda count: next(numbers).to_bytes(count)),
        )

    async def connect(self) -> None:
        """Let Ada connect all that she has at Google."""
        departure = await self.accounts.connect(HOME, Provider.GOOGLE)
        told = parse_qs(urlsplit(departure.address).query)
        code = self.sign_in.consent(
            EMAIL, challenge=told["code_challenge"][0], channels=departure.errand.channels
        )
        await self.accounts.complete(Provider.GOOGLE, state=told["state"][0], answer=Answer(code))

    async def kept(self) -> list[Account]:
        """Return the accounts."""
        return list((await self.store.list_accounts(HOME, limit=9)).rows)


@pytest.fixture(params=["sqlite", "postgres"])
async def front(request: pytest.FixtureRequest) -> AsyncGenerator[Front]:
    """Yield the way to connect, on a database of each kind."""
    database = MortalDatabase(request.getfixturevalue(f"{request.param}_url"))
    await database.prepare()
    yield Front(database)
    await database.close()


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
async def test_an_account_that_is_there_has_all_its_streams(front: Front, moment: str) -> None:
    """Whichever transaction a process ends in or after; whoever was not connected begins again."""
    for deadly in range(1, MOST_TRANSACTIONS):
        left = itertools.count(deadly, -1)

        def end(left: "itertools.count[int]" = left) -> None:
            if next(left) == 1:
                raise Killed

        setattr(front.database, moment, end)
        try:
            await front.connect()
        except Killed:
            is_done = False
        else:
            is_done = True
        setattr(front.database, moment, lambda: None)

        for account in await front.kept():
            streams = await front.streams.of_account(account.id)
            assert {each.channel for each in streams} == set(account.channels)
            assert {each.status for each in streams} == {StreamStatus.ACTIVE}
            await front.accounts.disconnect(HOME, account.id)
        if is_done:
            break
    else:
        raise AssertionError("it never came to its end")

    assert deadly > 2
    await front.connect()
    [account] = await front.kept()
    assert set(account.channels) == {Channel.GMAIL, Channel.GOOGLE_CALENDAR}
