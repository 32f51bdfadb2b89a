"""Tells whether a notification of Gmail is signed for this instance, by the settings in force."""

from collections.abc import Callable
from typing import Final

import httpx2
import structlog

from config.variables import Settings
from jobs.providers.google.push_token import Expected, PushTokens
from jobs.providers.google.signing_keys import GoogleSigningKeys, google_keys_url
from jobs.providers.http import open_client
from jobs.push.plan import PATHS
from jobs.streams.stream import Channel
from jobs.sync.faults import ProviderFault
from sanderling.kernel.clock import Clock
from sanderling.vault import TokenRefused

SPACING_S: Final = 60.0
"""The time between two lines of one reason: strangers fill no log."""

log = structlog.get_logger()


class SettledPushTokens:
    """Check tokens by the settings in force; one event loop owns it."""

    def __init__(self, settings: Callable[[], Settings], clock: Clock) -> None:
        """Look at `settings` each time; connections are opened once a token comes."""
        self._settings = settings
        self._clock = clock
        self._client: httpx2.AsyncClient | None = None
        self._url = ""
        self._tokens: PushTokens | None = None
        self._logged: dict[str, int] = {}

    async def holds(self, token: str) -> bool:
        """Claim that Google made a token for this instance.

        Raises:
            ProviderFault: nobody can tell now.

        """
        try:
            await self._checker().check(token, self._expected())
        except TokenRefused as refusal:
            reason = str(refusal.facts["reason"])
            if self._is_news(reason):
                log.info("push.disbelieved", reason=reason)
            return False
        except ProviderFault as fault:
            if self._is_news(fault.code):
                log.warning("push.unproven", code=fault.code)
            raise
        return True

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()

    def _is_news(self, reason: str) -> bool:
        """Claim that a reason, of which there are few, was not logged within the last minute."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._logged.get(reason, 0):
            return False
        self._logged[reason] = now_ns + round(SPACING_S * 1e9)
        return True

    def _expected(self) -> Expected:
        settings = self._settings()
        # The address that providers reach is the one that Google is told to sign for.
        address = f"{settings.server_url.rstrip('/')}{PATHS[Channel.GMAIL]}"
        return Expected(address, settings.gmail_push_email)

    def _checker(self) -> PushTokens:
        url = google_keys_url(self._settings().google_oauth_base_url)
        if self._client is None:
            # No base: the address of the keys is a whole one.
            self._client = open_client("")
        if self._tokens is None or url != self._url:
            keys = GoogleSigningKeys(self._client, url, self._clock)
            self._tokens, self._url = PushTokens(keys.having, self._clock), url
        return self._tokens
