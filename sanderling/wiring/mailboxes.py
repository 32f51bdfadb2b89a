"""Opens mailboxes for what is fetched on demand, in any process and without a worker."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2

from config.subscriber import Prepared
from config.variables import Settings
from jobs.accounts.account import SWITCHES, Account, Provider
from jobs.accounts.attachments import Attachments
from jobs.accounts.errors import ProviderDisabled
from jobs.accounts.renewal import RenewedTokens
from jobs.providers.google.mail import GmailProviders
from jobs.providers.http import Lane, open_client
from jobs.providers.microsoft.mail import GraphMailProviders
from jobs.providers.quota import LimitedQuota
from jobs.streams.stream import Channel
from jobs.sync.provider import AccountRef, MailProvider, MailProviders
from sanderling.store import SQLAccountStore, SQLSyncRecords
from sanderling.wiring.channels import Reach, Way, Ways, read_by_quota
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.in_force import InForce
from sanderling.wiring.sealer import sealer_of

_MAIL = {Provider.GOOGLE: Channel.GMAIL, Provider.MICROSOFT: Channel.MICROSOFT_MAIL}


class SettledMailboxes:
    """Open mailboxes by the settings in force; one event loop owns it.

    Units are counted where sync counts them, so that both together keep to the quota.
    """

    def __init__(self, settings: Settings, foundation: Foundation, reach: Reach) -> None:
        """Begin with `settings`; connections are opened once somebody asks."""
        self._in_force = InForce(settings)
        self._ways = Ways(self._in_force)
        self._reach = reach
        self._clock = foundation.clock
        accounts = SQLAccountStore(foundation.database, sealer_of(settings))
        self._tokens = RenewedTokens(accounts, reach.sign_ins, foundation.clock)
        self._clients: list[httpx2.AsyncClient] = []
        self._opened: dict[Provider, MailProviders] = {}

    def follow(self, settings: Settings) -> None:
        """Keep to these settings from now on."""
        self._in_force.settings = settings

    def open(self, account: Account) -> AbstractAsyncContextManager[MailProvider]:
        """Return the account's mail, for as long as the block lasts.

        Raises:
            ProviderDisabled: its mail is turned off here.

        """
        provider, channel = account.provider, _MAIL[account.provider]
        if channel not in self._reach.sign_ins.offered(provider):
            raise ProviderDisabled(
                provider=provider.value, reason="its mail is off", settings=SWITCHES[channel]
            )
        if provider not in self._opened:
            self._opened[provider] = self._providers(provider)
        ref = AccountRef(account.id, account.workspace_id, account.email)
        return self._opened[provider].open(ref)

    def _providers(self, provider: Provider) -> MailProviders:
        match provider:
            case Provider.GOOGLE:
                return GmailProviders(self._lane(self._ways.gmail))
            case Provider.MICROSOFT:
                return GraphMailProviders(self._lane(self._ways.graph))

    def _lane(self, way: Way) -> Lane:
        client = open_client(way.url)
        self._clients.append(client)
        quota = LimitedQuota(self._reach.limiter, self._clock, way.rules)
        return Lane(client, self._tokens, quota, self._clock, way.fault_of)

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def open_mailboxes(
    settings: Settings, foundation: Foundation, reach: Reach
) -> AsyncGenerator[SettledMailboxes]:
    """Yield what opens mailboxes; connections are closed on the way out."""
    mailboxes = SettledMailboxes(settings, foundation, reach)
    try:
        yield mailboxes
    finally:
        await mailboxes.close()


def build_attachments(
    settings: Settings, foundation: Foundation, mailboxes: SettledMailboxes
) -> Attachments:
    """Return what fetches attachments."""
    database = foundation.database
    accounts = SQLAccountStore(database, sealer_of(settings))
    return Attachments(accounts, SQLSyncRecords(database), mailboxes.open)


class MailboxesSubscriber:
    """Keeps what is fetched on demand within the quota that the settings say."""

    name = "mail on demand"

    def __init__(self, mailboxes: SettledMailboxes) -> None:
        """Tell `mailboxes` of new settings."""
        self._mailboxes = mailboxes

    def needs(self, settings: Settings) -> object:
        """Return what accounts may spend."""
        return read_by_quota(settings)

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: it is all in memory."""

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(lambda: self._mailboxes.follow(settings), nothing)
