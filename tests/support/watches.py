"""Watches for tests, and accounts whose streams they are for."""

from dataclasses import dataclass, field
from datetime import timedelta

from jobs.accounts.account import Account, AccountStatus
from jobs.accounts.memory import MemoryAccountStore
from jobs.accounts.ports import AccountStore
from jobs.push.ending import Ending
from jobs.push.memory import MemoryWatchStore
from jobs.push.plan import PushPlan
from jobs.push.ports import WatchStore
from jobs.push.watch import Watch
from jobs.push.watches import Watches
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.ports import StreamStore
from jobs.streams.stream import AccountId, Channel, Stream, StreamId, StreamStatus
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import Clock
from support.accounts import ELSEWHERE, HOME, NOW, TOKENS, an_account

CLAIM = timedelta(minutes=2)
UNTIL = NOW + CLAIM
GMAIL, EVENTS = Channel.GMAIL, Channel.GOOGLE_CALENDAR


@dataclass(frozen=True, slots=True)
class Estate:
    """Stores that know of each other: accounts, their streams, and what providers tell of."""

    accounts: AccountStore
    streams: StreamStore
    watches: WatchStore

    async def connect(
        self, number: int = 1, *channels: Channel, email: str | None = None
    ) -> Account:
        """Return an account with its streams; those with an even number are elsewhere."""
        account = an_account(
            number,
            workspace_id=HOME if number % 2 else ELSEWHERE,
            channels=channels or (GMAIL,),
            email=email or f"P{number}@Example.com",
        )
        kept = await self.accounts.connect(account, TOKENS)
        await self.streams.open([_stream(kept, channel) for channel in kept.channels])
        return kept

    async def watched(self, number: int = 1, **changes: object) -> Watch:
        """Return the watch of an account that was connected, arranged with its provider."""
        account = await self.connect(number)
        await self.watches.claim({GMAIL: "topic"}, NOW, UNTIL, limit=9)
        watch = a_watch(account, **changes)
        assert await self.watches.put(watch)
        return watch

    async def switch(self, account: AccountId, status: StreamStatus) -> None:
        """Pause, park or resume the streams of an account."""
        for stream in await self.streams.of_account(account):
            await self.streams.switch(stream.id, status, NOW)


@dataclass
class MemoryEstate:
    """The stores in memory."""

    accounts: MemoryAccountStore = field(default_factory=MemoryAccountStore)

    @property
    def streams(self) -> MemoryStreamStore:
        """The store of the accounts' streams."""
        return self.accounts.streams

    def opened(self) -> Estate:
        """Return the stores, with that of watches."""
        return Estate(self.accounts, self.streams, MemoryWatchStore(self.worked))

    async def worked(self) -> list[tuple[AccountRef, Channel]]:
        """Return the active streams of connected accounts."""
        accounts = [
            account
            for workspace in (HOME, ELSEWHERE)
            for account in (await self.accounts.list_accounts(workspace, limit=999)).rows
            if account.status is AccountStatus.CONNECTED
        ]
        return [
            (AccountRef(account.id, account.workspace_id, account.email), stream.channel)
            for account in accounts
            for stream in await self.streams.of_account(account.id)
            if stream.status is StreamStatus.ACTIVE
        ]


def unwatched(clock: Clock) -> Watches:
    """Return what answers for watches where push is off, and nobody was ever watched."""

    async def nobody() -> list[tuple[AccountRef, Channel]]:
        return []

    async def nothing() -> None:
        """Ask for nothing."""

    store = MemoryWatchStore(nobody)
    return Watches(store, Ending(store, {}, clock), PushPlan, nothing, clock)


def a_watch(account: Account, **changes: object) -> Watch:
    """Return a watch of an account's mail that lasts a week."""
    values: dict[str, object] = {
        "channel": GMAIL,
        "address": account.email.lower(),
        "remote_id": f"remote-{account.id}",
        "resource_id": "resource",
        "secret_digest": bytes(range(32)),
        "destination": "topic",
        "expires_at": NOW + timedelta(days=7),
        "next_at": NOW + timedelta(days=3),
        **changes,
    }
    return Watch(account_id=account.id, workspace_id=account.workspace_id, **values)  # type: ignore[arg-type] # the values are the fields'.


def _stream(account: Account, channel: Channel) -> Stream:
    return Stream(
        StreamId(f"{account.id}:{channel}"), account.workspace_id, account.id, channel, NOW, NOW
    )
