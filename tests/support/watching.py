"""Our ways to have simulated providers tell of changes, each with its account."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.google.faults import fault_of as google_fault_of
from jobs.providers.google.watching import GmailWatcher, GoogleCalendarWatcher
from jobs.providers.http import FaultReader, Lane, open_client
from jobs.providers.microsoft.faults import fault_of as graph_fault_of
from jobs.providers.microsoft.watching import graph_calendar_watcher, graph_mail_watcher
from jobs.providers.quota import MemoryQuota
from jobs.push.ports import Watched, Watcher, WatchOrder
from jobs.push.watch import Watch, digest_of_secret
from jobs.streams.stream import AccountId, Channel
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google import google_site, google_world
from sanderling.simulator.google.gmail_watch import TOPIC
from sanderling.simulator.microsoft import microsoft_site, microsoft_world
from support.google import SCOPES as GOOGLE_SCOPES
from support.listener import ADDRESS, Listener
from support.microsoft import SCOPES as MICROSOFT_SCOPES
from support.simulated import START, letter, plan

EMAIL = "ada@example.com"
ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), EMAIL)
_MAKING: Mapping[Channel, Callable[[Lane], Watcher]] = {
    Channel.GMAIL: GmailWatcher,
    Channel.GOOGLE_CALENDAR: GoogleCalendarWatcher,
    Channel.MICROSOFT_MAIL: graph_mail_watcher,
    Channel.MICROSOFT_CALENDAR: graph_calendar_watcher,
}
_GOOGLES = {Channel.GMAIL, Channel.GOOGLE_CALENDAR}
_MAILS = {Channel.GMAIL, Channel.MICROSOFT_MAIL}


@dataclass(frozen=True, slots=True)
class Watching:
    """What asks one simulated provider, who lives there, and who is told."""

    channel: Channel
    watcher: Watcher
    world: World
    site: Site
    person: Person
    clock: VirtualClock
    quota: MemoryQuota
    listener: Listener

    def order(self, number: int = 1, *, address: str = ADDRESS, topic: str = TOPIC) -> WatchOrder:
        """Return what is asked for."""
        until = self.clock.now() + timedelta(days=7)
        secret = f"secret-{number}".ljust(43, "_")
        return WatchOrder(f"order-{number}".ljust(43, "_"), secret, address, topic, until)

    def kept(self, watched: Watched, order: WatchOrder) -> Watch:
        """Return a watch as it is kept once it was arranged."""
        return Watch(
            AccountId(ACCOUNT.id),
            ACCOUNT.workspace_id,
            self.channel,
            EMAIL,
            self.clock.now(),
            watched.remote_id,
            watched.resource_id,
            digest_of_secret(order.secret),
            watched.expires_at,
        )

    async def arranged(self, number: int = 1) -> Watch:
        """Return a new watch."""
        order = self.order(number)
        return self.kept(await self.watcher.watch(ACCOUNT, order), order)

    def change(self) -> None:
        """Let something happen in the channel."""
        if self.channel in _MAILS:
            self.person.mailbox.add(letter(), places=frozenset({"INBOX", "inbox"}))
        else:
            self.person.agenda.add(plan(), at=START)

    async def told(self) -> int:
        """Return how many notices came since this was last asked."""
        await self.world.post.deliver()
        heard = [one for one in self.listener.heard if "validationToken" not in one.url.params]
        self.listener.heard.clear()
        return len(heard)


@asynccontextmanager
async def watching(channel: Channel) -> AsyncGenerator[Watching]:
    """Yield our way to watch a channel of somebody at a simulated provider."""
    clock, is_google = VirtualClock(START), channel in _GOOGLES
    world = google_world(clock) if is_google else microsoft_world(clock)
    site = google_site(world) if is_google else microsoft_site(world)
    person, listener = world.settle(EMAIL), Listener()
    world.post.outside = listener.transport
    world.oauth.policy.access_lives_s = 365 * 86400
    tokens, quota = MemoryTokens(), MemoryQuota()
    scopes = GOOGLE_SCOPES if is_google else MICROSOFT_SCOPES
    tokens.grant(ACCOUNT.id, *[world.oauth.issue(EMAIL, scopes).access_token for _ in range(3)])
    fault_of: FaultReader = google_fault_of if is_google else graph_fault_of
    transport = InProcess({"provider.test": site})
    async with open_client("https://provider.test", transport=transport) as client:
        lane = Lane(client, tokens, quota, clock, fault_of)
        watcher = _MAKING[channel](lane)
        yield Watching(channel, watcher, world, site, person, clock, quota, listener)
