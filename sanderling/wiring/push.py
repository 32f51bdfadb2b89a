"""Opens push: whom providers tell of changes, who asks them to, and how both follow settings."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2
import structlog

from config.subscriber import Prepared
from config.variables import Settings
from jobs.accounts.ports import SignIns
from jobs.accounts.renewal import RenewedTokens
from jobs.catalogue import PUSH_RENEWAL
from jobs.ports import JobStore
from jobs.providers.google.watching import GmailWatcher, GoogleCalendarWatcher
from jobs.providers.http import Lane, open_client
from jobs.providers.microsoft.watching import graph_calendar_watcher, graph_mail_watcher
from jobs.providers.quota import LimitedQuota
from jobs.push.door import PushDoor
from jobs.push.ending import Ending
from jobs.push.hints import Hints
from jobs.push.plan import PushPlan
from jobs.push.ports import Watcher
from jobs.push.renewal import Means, WatchRenewal
from jobs.push.watches import Watches
from jobs.streams.stream import Channel
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import SQLAccountStore, SQLJobStore, SQLStreamStore, SQLWatchStore
from sanderling.wiring.channels import Reach, Way, Ways, read_by_quota
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.in_force import InForce
from sanderling.wiring.meanwhile import meanwhile
from sanderling.wiring.push_tokens import SettledPushTokens
from sanderling.wiring.sealer import sealer_of
from sanderling.wiring.sign_ins import turned_on

log = structlog.get_logger()

_AGAIN_S: Final = 5.0

_MAKING: Final[Mapping[Channel, Callable[[Lane], Watcher]]] = {
    Channel.GMAIL: GmailWatcher,
    Channel.GOOGLE_CALENDAR: GoogleCalendarWatcher,
    Channel.MICROSOFT_MAIL: graph_mail_watcher,
    Channel.MICROSOFT_CALENDAR: graph_calendar_watcher,
}


def plan_of(settings: Settings) -> PushPlan:
    """Return what the settings want of push."""
    return PushPlan(
        settings.is_push_enabled,
        settings.server_url.rstrip("/"),
        turned_on(settings),
        settings.gmail_topic,
    )


@dataclass(frozen=True, slots=True)
class Push:
    """What of push a process has; `changed` is set when the settings want something else of it."""

    in_force: InForce
    sign_ins: SignIns
    clock: Clock
    jobs: JobStore
    door: PushDoor
    watches: Watches
    renewal: WatchRenewal
    tokens: SettledPushTokens
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class LazyWatchers(Mapping[Channel, Watcher]):
    """Ask each provider over connections that are opened once it is asked anything."""

    def __init__(self, in_force: InForce, foundation: Foundation, reach: Reach) -> None:
        """Open nothing yet; the key of tokens is that of now."""
        self._ways = Ways(in_force)
        self._clock = foundation.clock
        self._limiter = reach.limiter
        accounts = SQLAccountStore(foundation.database, sealer_of(in_force.settings))
        self._tokens = RenewedTokens(accounts, reach.sign_ins, foundation.clock)
        self._made = dict[Channel, Watcher]()
        self._clients: list[httpx2.AsyncClient] = []

    def __getitem__(self, channel: Channel) -> Watcher:
        """Return what asks the provider of a channel."""
        if channel not in self._made:
            self._made[channel] = _MAKING[channel](self._lane(channel))
        return self._made[channel]

    def __iter__(self) -> Iterator[Channel]:
        """Name every channel."""
        return iter(_MAKING)

    def __len__(self) -> int:
        """Count the channels."""
        return len(_MAKING)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()

    def _lane(self, channel: Channel) -> Lane:
        way = self._way(channel)
        client = open_client(way.url)
        self._clients.append(client)
        quota = LimitedQuota(self._limiter, self._clock, way.rules)
        return Lane(client, self._tokens, quota, self._clock, way.fault_of)

    def _way(self, channel: Channel) -> Way:
        match channel:
            case Channel.GMAIL:
                return self._ways.gmail
            case Channel.GOOGLE_CALENDAR:
                return self._ways.calendar
            case Channel.MICROSOFT_MAIL | Channel.MICROSOFT_CALENDAR:
                return self._ways.graph


@asynccontextmanager
async def open_push(
    settings: Settings, foundation: Foundation, reach: Reach
) -> AsyncGenerator[Push]:
    """Yield push; what providers tell is handed on meanwhile, and connections are closed after."""
    in_force, database, clock = InForce(settings), foundation.database, foundation.clock
    watchers = LazyWatchers(in_force, foundation, reach)
    store, jobs = SQLWatchStore(database), SQLJobStore(database)
    hints = Hints(SQLStreamStore(database), clock)
    tokens = SettledPushTokens(lambda: in_force.settings, clock)
    means = Means(clock, secrets.SystemRandom().random, secrets.token_bytes, hints.take)

    def plan() -> PushPlan:
        return plan_of(in_force.settings)

    async def ask() -> None:
        await ask_renewal(jobs, clock)

    push = Push(
        in_force,
        reach.sign_ins,
        clock,
        jobs,
        PushDoor(store, hints, plan, ask, clock),
        Watches(store, Ending(store, watchers, clock), plan, ask, clock),
        WatchRenewal(store, watchers, means, plan),
        tokens,
    )
    try:
        async with meanwhile(hints.follow(), name="hints of providers"):
            yield push
    finally:
        await watchers.close()
        await tokens.close()


async def ask_renewal(jobs: JobStore, clock: Clock) -> None:
    """Want a run of the renewal soon, unless somebody paused it.

    Raises:
        StoreUnavailableError: the database is away.

    """
    now = clock.now()
    await jobs.open_courses([PUSH_RENEWAL], now)
    course = (await jobs.courses()).get(PUSH_RENEWAL)
    if course is not None and not course.is_paused:
        await jobs.ask_run(PUSH_RENEWAL, now)


@asynccontextmanager
async def nudging(push: Push) -> AsyncGenerator[None]:
    """Have watches follow the settings meanwhile: now where push is on, and when they change."""
    if plan_of(push.in_force.settings).is_on:
        push.changed.set()
    async with meanwhile(_nudge(push), name="watches follow settings"):
        yield


async def _nudge(push: Push) -> None:
    while True:
        await push.changed.wait()
        push.changed.clear()
        try:
            await ask_renewal(push.jobs, push.clock)
        except StoreUnavailableError:
            log.warning("push.not-asked")
            push.changed.set()
            await push.clock.wait_s(_AGAIN_S)


class PushSubscriber:
    """Has providers tell of changes, or of none, as the settings in force want it."""

    name = "push"

    def __init__(self, push: Push) -> None:
        """Tell `push` of new settings."""
        self._push = push

    def needs(self, settings: Settings) -> object:
        """Return what is wanted of push, whom to believe, and what asking providers reads."""
        believed = (settings.gmail_push_email, settings.google_oauth_base_url)
        return (plan_of(settings), believed, read_by_quota(settings))

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: it is all in memory."""

        def swap() -> None:
            is_other = plan_of(settings) != plan_of(self._push.in_force.settings)
            self._push.in_force.settings = settings
            if is_other:
                self._push.changed.set()

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(swap, nothing)
