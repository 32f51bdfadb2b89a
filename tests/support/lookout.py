"""Watches over twins in memory: accounts, providers that tell of changes, and who arranges it."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from jobs.push.ending import Ending
from jobs.push.hints import Hint
from jobs.push.memory_watcher import MemoryWatcher
from jobs.push.plan import PushPlan
from jobs.push.ports import Watched, WatchOrder, WatchStore
from jobs.push.renewal import Means, WatchRenewal
from jobs.push.watch import Watch
from jobs.streams.stream import Channel
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from support.accounts import ELSEWHERE, HOME, NOW
from support.watches import Estate, MemoryEstate

GRAPH = (Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR)
PLAN = PushPlan(
    is_on=True,
    base_url="https://crm.example.org",
    turned_on=frozenset(Channel),
    topic="topic",
)


@dataclass
class Watchful(MemoryWatcher):
    """A provider that lets the test do something before it answers."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def watch(self, account: AccountRef, order: WatchOrder) -> Watched:
        """Return a new watch."""
        watched = await super().watch(account, order)
        if self.meanwhile is not None:
            await self.meanwhile()
        return watched


class Mortal:
    """A store of watches before which whoever writes may die; everything else is the store's."""

    def __init__(self, store: WatchStore, lookout: "Lookout") -> None:
        """Write to `store` unless `lookout` says otherwise."""
        self._store = store
        self._lookout = lookout
        self.claim, self.claim_unwanted = store.claim, store.claim_unwanted
        self.of_account, self.find = store.of_account, store.find
        self.find_many, self.bring_all_forward = store.find_many, store.bring_all_forward
        self.find_by_address, self.bring_forward = store.find_by_address, store.bring_forward

    async def put(self, watch: Watch) -> bool:
        """Write a watch, unless the process dies just before."""
        self._check()
        return await self._store.put(watch)

    async def remove(self, account_id: str, channel: Channel) -> None:
        """Remove a watch, unless the process dies just before."""
        self._check()
        await self._store.remove(account_id, channel)  # type: ignore[arg-type] # ids are texts.

    def _check(self) -> None:
        if self._lookout.dies:
            raise StoreUnavailableError(reason="the process died")


@dataclass
class Lookout:
    """Accounts, their providers, the settings, and the time."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(NOW))
    estate: Estate = field(default_factory=lambda: MemoryEstate().opened())
    plan: PushPlan = PLAN
    dies: bool = False
    hinted: list[Hint] = field(default_factory=list[Hint])
    asked: int = 0

    def __post_init__(self) -> None:
        """Open a provider for each channel; those of Google give new watches each time."""
        self.watchers = {
            channel: Watchful(
                self.clock, keeps_ids=channel in GRAPH, has_ids=channel is not Channel.GMAIL
            )
            for channel in Channel
        }
        self._numbers = itertools.count(1)

    @property
    def ending(self) -> Ending:
        """Return what ends watches."""
        return Ending(self.estate.watches, self.watchers, self.clock)

    def renewal(self) -> WatchRenewal:
        """Return a process that does what is due about watches."""
        means = Means(
            self.clock,
            lambda: 0.5,
            lambda count: next(self._numbers).to_bytes(count),
            self.hinted.append,
        )
        store = Mortal(self.estate.watches, self)
        return WatchRenewal(store, self.watchers, means, lambda: self.plan)

    async def ask(self) -> None:
        """Count that a run of the renewal is wanted soon."""
        self.asked += 1

    async def kept(self) -> list[Watch]:
        """Return all watches, by account and channel."""
        worked = (await self.estate.accounts.list_accounts(HOME, limit=999)).rows
        elsewhere = (await self.estate.accounts.list_accounts(ELSEWHERE, limit=999)).rows
        return [
            watch
            for account in (*worked, *elsewhere)
            for watch in await self.estate.watches.of_account(account.id)
        ]

    def meanwhile(self, act: Callable[[], Awaitable[None]]) -> None:
        """Let `act` happen between a provider's work and its answer."""
        for watcher in self.watchers.values():
            watcher.meanwhile = act

    def turn_off(self, what: str) -> None:
        """Change the settings."""
        changes: dict[str, dict[str, object]] = {
            "channel off": {"turned_on": frozenset({Channel.GOOGLE_CALENDAR})},
            "all off": {"is_on": False},
            "no topic": {"topic": ""},
        }
        self.plan = replace(self.plan, **changes.get(what, {}))  # type: ignore[arg-type] # the values are the fields'.
