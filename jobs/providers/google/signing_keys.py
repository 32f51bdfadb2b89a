"""Keeps the keys with which Google signs, for as long as Google says, and asks for new ones."""

import asyncio
import re
from typing import Final

import httpx2

from jobs.providers.answer import Answer
from jobs.providers.http import exchange
from jobs.sync.faults import ProviderFault, Temporary
from sanderling.kernel.clock import Clock
from sanderling.kernel.units import KIB
from sanderling.vault import SignerKeys, read_signer_keys

FETCH_TIMEOUT_S: Final = 5.0
"""Somebody waits for the answer to a notification meanwhile."""
MAX_BYTES: Final = 64 * KIB
SHORTEST_S, LONGEST_S = 60.0, 24 * 3600.0
"""However short or long Google says that its keys may be kept."""
PAUSE_S: Final = 30.0
"""The time between two fetches, whatever tokens name: strangers cannot make us ask more often."""

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,;])")


def google_keys_url(base_url: str | None = None) -> str:
    """Return where Google tells its keys, or what stands in for it below one URL."""
    base = (base_url or "").rstrip("/") or "https://www.googleapis.com"
    return f"{base}/oauth2/v3/certs"


class GoogleSigningKeys:
    """Fetch the keys when they are needed; one event loop owns it.

    Keys that are past their time are not used any more, also while new ones cannot be had.
    """

    def __init__(self, client: httpx2.AsyncClient, url: str, clock: Clock) -> None:
        """Ask `url` over `client`."""
        self._client = client
        self._url = url
        self._clock = clock
        self._keys = SignerKeys()
        self._until_ns = 0
        self._next_fetch_ns = 0
        self._fetching = asyncio.Lock()

    async def having(self, key_id: str) -> SignerKeys:
        """Return the keys, fetched anew where they are old or do not have this one.

        Raises:
            ProviderFault: there are none, and none can be had now.

        """
        if self._is_current() and key_id in self._keys:
            return self._keys
        async with self._fetching:
            # Somebody else may have fetched them meanwhile.
            if not (self._is_current() and key_id in self._keys):
                await self._fetch_in_turn()
        if not self._is_current():
            raise Temporary("the keys that notifications are signed with could not be fetched")
        return self._keys

    def _is_current(self) -> bool:
        return bool(self._keys) and self._clock.monotonic_ns() < self._until_ns

    async def _fetch_in_turn(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_fetch_ns:
            return
        self._next_fetch_ns = now_ns + round(PAUSE_S * 1e9)
        request = self._client.build_request("GET", self._url)
        try:
            answer = await exchange(self._client, request, MAX_BYTES, within_s=FETCH_TIMEOUT_S)
            keys = read_signer_keys(answer.fields()) if answer.is_success else SignerKeys()
        except ProviderFault:
            return
        if keys:
            self._keys, self._until_ns = keys, now_ns + round(_kept_s(answer) * 1e9)


def _kept_s(answer: Answer) -> float:
    told = _MAX_AGE.search(answer.headers.get("cache-control", "").lower())
    age_s = float(told[1]) if told else SHORTEST_S
    return min(LONGEST_S, max(SHORTEST_S, age_s))
