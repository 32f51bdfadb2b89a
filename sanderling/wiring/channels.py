"""Opens what does the slices of each channel: connections, quota, tokens, engines and stores."""

import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from config.variables import Settings
from jobs.accounts.ports import SignIns
from jobs.accounts.renewal import RenewedTokens
from jobs.accounts.work import CalendarWork, Ledger, MailWork
from jobs.providers.google.calendar import GoogleCalendars
from jobs.providers.google.faults import fault_of as google_fault_of
from jobs.providers.google.mail import GmailProviders
from jobs.providers.google.quota import calendar_rules, gmail_rules
from jobs.providers.http import FaultReader, Lane, open_client
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.faults import fault_of as graph_fault_of
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.providers.microsoft.quota import graph_rules
from jobs.providers.quota import CountedQuota, LimitedQuota, QuotaRules, Spending
from jobs.streams.holds import Holds
from jobs.streams.stream import Channel, Lease, SliceResult, Stream, StreamWork
from jobs.sync.budget import Budget
from jobs.sync.calendar import CalendarSync
from jobs.sync.mail import MailSync
from jobs.sync.provider import CalendarProviders, MailProviders
from sanderling.metering.ports import Limiter, Rule
from sanderling.store import (
    SQLAccountStore,
    SQLCalendarStore,
    SQLMailStore,
    SQLSliceHistory,
    SQLStreamStore,
)
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.in_force import InForce
from sanderling.wiring.sealer import sealer_of

GMAIL_URL: Final = "https://gmail.googleapis.com"
CALENDAR_URL: Final = "https://www.googleapis.com"
GRAPH_URL: Final = "https://graph.microsoft.com"


@dataclass(frozen=True, slots=True)
class Reach:
    """What leads to providers: the ways to sign in, and where quota is counted."""

    sign_ins: SignIns
    limiter: Limiter


@dataclass(frozen=True, slots=True)
class Way:
    """Where a provider is asked, what an account may spend there, and how it says no."""

    url: str
    rules: QuotaRules
    fault_of: FaultReader


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to every provider: addresses are those of now, quota follows what is in force."""

    in_force: InForce

    @property
    def gmail(self) -> Way:
        """Return the way to Gmail."""
        url = self.in_force.settings.google_api_base_url or GMAIL_URL
        return Way(url, self._gmail, google_fault_of)

    @property
    def calendar(self) -> Way:
        """Return the way to Google's calendars."""
        url = self.in_force.settings.google_api_base_url or CALENDAR_URL
        return Way(url, self._calendar, google_fault_of)

    @property
    def graph(self) -> Way:
        """Return the way to Microsoft's mail and calendars."""
        url = self.in_force.settings.microsoft_graph_base_url or GRAPH_URL
        return Way(url, self._graph, graph_fault_of)

    def _gmail(self, account_id: str) -> Sequence[Rule]:
        return gmail_rules(self.in_force.settings.gmail_units_per_min)(account_id)

    def _calendar(self, account_id: str) -> Sequence[Rule]:
        return calendar_rules(self.in_force.settings.google_calendar_requests_per_min)(account_id)

    def _graph(self, account_id: str) -> Sequence[Rule]:
        return graph_rules(self.in_force.settings.graph_requests_per_10_min)(account_id)


def read_by_quota(settings: Settings) -> object:
    """Return what says how much an account may spend."""
    return (
        settings.gmail_units_per_min,
        settings.google_calendar_requests_per_min,
        settings.graph_requests_per_10_min,
    )


def read_by_works(settings: Settings) -> object:
    """Return what the works read of the settings in force, each time that they need it."""
    return (settings.messages_batch_size, read_by_quota(settings))


def budget_of(settings: Settings) -> Budget:
    """Return how much one slice does."""
    return Budget(fetch_size=settings.messages_batch_size)


@asynccontextmanager
async def open_works(
    in_force: InForce, foundation: Foundation, reach: Reach, holds: Holds
) -> AsyncGenerator[Mapping[Channel, StreamWork]]:
    """Yield the work of every channel; its connections are closed on the way out.

    Addresses of providers and the key of tokens are those of now; the rest follows `in_force`.
    Nothing is asked for an account that is not in `holds`.
    """
    settings, database, clock = in_force.settings, foundation.database, foundation.clock
    accounts = SQLAccountStore(database, sealer_of(settings))
    tokens = RenewedTokens(accounts, reach.sign_ins, clock)
    chance = secrets.SystemRandom().random
    spending = Spending()
    streams, history = SQLStreamStore(database), SQLSliceHistory(database)
    ledger = Ledger(accounts, streams, history, spending.taken, clock, chance)
    async with AsyncExitStack() as stack:

        async def lane(way: Way) -> Lane:
            client = await stack.enter_async_context(open_client(way.url))
            quota = CountedQuota(LimitedQuota(reach.limiter, clock, way.rules), spending)
            return Lane(client, tokens, quota, clock, way.fault_of, holds.require)

        def mail(providers: MailProviders) -> StreamWork:
            store = SQLMailStore(database)

            async def work(stream: Stream, lease: Lease) -> SliceResult:
                budget = budget_of(in_force.settings)
                sync = MailSync(providers, store, clock, chance, budget)
                return await MailWork(sync, ledger)(stream, lease)

            return work

        def calendars(providers: CalendarProviders) -> StreamWork:
            store = SQLCalendarStore(database)
            return CalendarWork(CalendarSync(providers, store, clock), ledger)

        ways = Ways(in_force)
        gmail, events = await lane(ways.gmail), await lane(ways.calendar)
        outlook = await lane(ways.graph)
        yield {
            Channel.GMAIL: mail(GmailProviders(gmail)),
            Channel.GOOGLE_CALENDAR: calendars(GoogleCalendars(events)),
            Channel.MICROSOFT_MAIL: mail(GraphMailProviders(outlook)),
            Channel.MICROSOFT_CALENDAR: calendars(GraphCalendarProviders(outlook)),
        }
