"""Opens the ways to sign in with providers, as the settings in force name them."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2
from pydantic import SecretStr

from config.subscriber import Prepared
from config.variables import Settings
from jobs.accounts.account import Provider
from jobs.accounts.accounts import Accounts, Belongings, Tools
from jobs.accounts.ports import SignIns
from jobs.providers.google.house import google_house
from jobs.providers.http import open_client
from jobs.providers.microsoft.house import microsoft_house
from jobs.providers.sign_in import App, House, OAuthSignIn
from jobs.push.watches import Watches
from jobs.streams.stream import Channel
from sanderling.kernel.clock import Clock
from sanderling.store import SQLAccountRecords, SQLAccountStore, SQLSliceHistory, SQLStreamStore
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.sealer import sealer_of


class SettledSignIns:
    """Sign in by the settings in force; one event loop owns it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Begin with `settings`; connections are opened once somebody signs in."""
        self._settings = settings
        self._clock = clock
        self._client: httpx2.AsyncClient | None = None

    def follow(self, settings: Settings) -> None:
        """Sign in by these settings from now on."""
        self._settings = settings

    def offered(self, provider: Provider) -> frozenset[Channel]:
        """Return the channels of a provider that the settings turn on."""
        return turned_on(self._settings) & provider.channels

    def of(self, provider: Provider) -> OAuthSignIn:
        """Return the way to a provider; one whose channels are off may still be told of an end."""
        if self._client is None:
            # No base: every address that is asked is a whole one.
            self._client = open_client("")
        house, app = _house(self._settings, provider)
        return OAuthSignIn(house, lambda: app, self._client, self._clock)

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()


def turned_on(settings: Settings) -> frozenset[Channel]:
    """Return the channels that the settings turn on."""
    is_on = {
        Channel.GMAIL: settings.is_gmail_enabled,
        Channel.GOOGLE_CALENDAR: settings.is_google_calendar_enabled,
        Channel.MICROSOFT_MAIL: settings.is_microsoft_mail_enabled,
        Channel.MICROSOFT_CALENDAR: settings.is_microsoft_calendar_enabled,
    }
    return frozenset(channel for channel in Channel if is_on[channel])


def _house(settings: Settings, provider: Provider) -> tuple[House, App | None]:
    match provider:
        case Provider.GOOGLE:
            app = _app(
                settings.google_client_id,
                settings.google_client_secret,
                settings.google_apis_callback_url,
            )
            return google_house(settings.google_oauth_base_url), app
        case Provider.MICROSOFT:
            app = _app(
                settings.microsoft_client_id,
                settings.microsoft_client_secret,
                settings.microsoft_apis_callback_url,
            )
            house = microsoft_house(settings.microsoft_login_base_url, settings.microsoft_tenant)
            return house, app


def _app(client_id: str, secret: SecretStr | None, callback_url: str | None) -> App | None:
    if not client_id or secret is None or callback_url is None:
        return None
    return App(client_id, secret.get_secret_value(), callback_url)


@asynccontextmanager
async def open_sign_ins(settings: Settings, clock: Clock) -> AsyncGenerator[SettledSignIns]:
    """Yield the ways to every provider; their connections are closed on the way out."""
    sign_ins = SettledSignIns(settings, clock)
    try:
        yield sign_ins
    finally:
        await sign_ins.close()


def build_accounts(
    settings: Settings, foundation: Foundation, sign_ins: SignIns, watches: Watches
) -> Accounts:
    """Return what people do with accounts."""
    database = foundation.database
    belongings = Belongings(
        SQLStreamStore(database), SQLAccountRecords(database), SQLSliceHistory(database), watches
    )
    return Accounts(
        SQLAccountStore(database, sealer_of(settings)),
        belongings,
        sign_ins,
        Tools(foundation.clock, foundation.ids, secrets.token_bytes),
    )


class SignInsSubscriber:
    """Signs in as the settings in force want it."""

    name = "sign-in with providers"

    def __init__(self, sign_ins: SettledSignIns) -> None:
        """Tell `sign_ins` of new settings."""
        self._sign_ins = sign_ins

    def needs(self, settings: Settings) -> object:
        """Return each app, where it is asked, and which channels are on."""
        return (turned_on(settings), [_house(settings, provider) for provider in Provider])

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: it is all in memory."""

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(lambda: self._sign_ins.follow(settings), nothing)
