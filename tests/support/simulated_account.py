"""One account at a simulated provider, with our adapters before it and no socket between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx2

from jobs.providers.google.calendar import GoogleCalendars
from jobs.providers.google.faults import fault_of as google_fault
from jobs.providers.google.mail import GmailProviders
from jobs.providers.google.methods import SCOPES as GOOGLE_SCOPES
from jobs.providers.http import Lane, open_client
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.faults import fault_of as graph_fault
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.providers.quota import MemoryQuota
from jobs.sync.faults import AuthRevoked
from jobs.sync.provider import AccountRef, CalendarProviders, MailProviders
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.simulator.core.faults import FaultKind, Point
from sanderling.simulator.core.in_process import InProcess
from sanderling.simulator.core.oauth import Tokens
from sanderling.simulator.core.site import Site
from sanderling.simulator.core.world import Person, World
from sanderling.simulator.google import google_site, google_world
from sanderling.simulator.microsoft import Office, microsoft_site, microsoft_world
from support.microsoft import SCOPES as MICROSOFT_SCOPES
from support.simulated import START

ADA = "ada@example.com"
ACCOUNT = AccountRef("acc_1", WorkspaceId("ws_1"), ADA)
HOST = "provider.test"
BRANDS = ("google", "microsoft")
Wrap = Callable[[InProcess], httpx2.AsyncBaseTransport]


class RenewedTokens:
    """Let Ada in with tokens that end and are renewed, and once refused until she signs in again.

    Where the provider replaces refresh tokens, only the newest is good.
    """

    def __init__(self, world: World, scopes: frozenset[str]) -> None:
        """Begin with a token that is good."""
        self._world = world
        self._scopes = scopes
        self._held = self._signed_in()
        self.refusals = 0

    @property
    def token(self) -> str:
        """The access token that is held."""
        return self._held.access_token

    def _signed_in(self) -> Tokens:
        return self._world.oauth.issue(ADA, self._scopes)

    async def access_token(self, account_id: str) -> str:  # noqa: ARG002 - there is one account.
        """Return the token."""
        return self.token

    async def refresh(self, account_id: str, stale: str) -> str:  # noqa: ARG002 - as above.
        """Return the token after `stale`."""
        if stale != self.token:
            return self.token
        oauth = self._world.oauth
        if self._world.faults.draw(Point.TOKEN) is FaultKind.INVALID_GRANT:
            self.refusals += 1
            oauth.revoke(self._held.refresh_token or "")
            self._held = self._signed_in()
            raise AuthRevoked("invalid_grant")
        client_id = oauth.clients[0].client_id
        tokens = oauth.renew(self._held.refresh_token or "", client_id=client_id)
        kept = tokens.refresh_token or self._held.refresh_token
        self._held = replace(tokens, refresh_token=kept)
        return self.token


@dataclass(slots=True)
class SimulatedAccount:
    """Ada at one of the providers."""

    brand: str
    wrap: Wrap = lambda transport: transport
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    world: World = field(init=False)
    office: Office | None = None
    site: Site = field(init=False)
    person: Person = field(init=False)
    lane: Lane = field(init=False)

    def __post_init__(self) -> None:
        """Let Ada live there, with nothing."""
        if self.brand == "google":
            self.world = google_world(self.clock)
            self.site = google_site(self.world)
        else:
            self.world = microsoft_world(self.clock)
            self.office = Office(self.world)
            self.site = microsoft_site(self.world, self.office)
        self.world.drip_s = 0
        self.person = self.world.settle(ADA, "Ada")
        scopes = frozenset(GOOGLE_SCOPES) if self.brand == "google" else MICROSOFT_SCOPES
        transport = self.wrap(InProcess({HOST: self.site}))
        # A client over a transport of this process holds nothing that would have to be closed.
        client = open_client(f"https://{HOST}", transport=transport)
        reads = google_fault if self.brand == "google" else graph_fault
        tokens = RenewedTokens(self.world, scopes)
        self.lane = Lane(client, tokens, MemoryQuota(), self.clock, reads)

    def mail(self) -> MailProviders:
        """Return our adapters of mail, as a process that has just begun has them."""
        if self.brand == "google":
            return GmailProviders(self.lane)
        return GraphMailProviders(self.lane)

    def calendars(self) -> CalendarProviders:
        """Return our adapters of calendars."""
        if self.brand == "google":
            return GoogleCalendars(self.lane)
        return GraphCalendarProviders(self.lane)
