"""Believes a notification of Gmail by the token that Pub/Sub sends with it, or does not.

Pub/Sub signs in as a service account that the operator named, and Google signs the token. What
is checked: Google's signature, its issuer, our own address as its audience, the service account's
address, verified by Google, and its time. Whoever fails one of them is refused: there is no way
in without a token, none while the keys cannot be had, and none while no account is named.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sanderling.kernel.clock import Clock
from sanderling.vault import Claims, SignerKeys, TokenRefused, key_id_of, verify_rs256

ISSUERS: Final = ("accounts.google.com", "https://accounts.google.com")
SKEW_S: Final = 60.0
"""How far the signer's clock may be from ours."""
LONGEST_LIFE_S: Final = 24 * 3600.0
"""Google's last an hour; what claims to hold for days was not made by it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Whom a token has to be for, and who has to have had it signed."""

    audience: str
    email: str


KeysHaving: TypeAlias = Callable[[str], Awaitable[SignerKeys]]
"""Returns the keys of now, newly fetched where that may help to find the one of this id.

It raises `ProviderFault` while they cannot be had.
"""


class PushTokens:
    """Check the tokens of notifications."""

    def __init__(self, keys_having: KeysHaving, clock: Clock) -> None:
        """Believe what was signed with one of those keys."""
        self._keys_having = keys_having
        self._clock = clock

    async def check(self, token: str, expected: Expected) -> None:
        """Pass a token that holds.

        Raises:
            TokenRefused: it does not, and why.
            ProviderFault: nobody can tell now; the sender does well to come again.

        """
        if not expected.email or not expected.audience:
            raise TokenRefused("nobody is named who may send any")
        key_id = key_id_of(token)
        claims = verify_rs256(token, await self._keys_having(key_id))
        check_claims(claims, expected, self._clock.now())


def check_claims(claims: Claims, expected: Expected, now: datetime) -> None:
    """Pass claims, whose signature was checked, that are of `expected` and of this time.

    Raises:
        TokenRefused: they are not, and why.

    """
    if claims.get("iss") not in ISSUERS:
        raise TokenRefused("Google did not issue it")
    if claims.get("aud") != expected.audience:
        raise TokenRefused("it is for another address")
    if claims.get("email") != expected.email or claims.get("email_verified") is not True:
        raise TokenRefused("it is not of the service account that is named here")
    made_s, ends_s, now_s = _moment(claims, "iat"), _moment(claims, "exp"), now.timestamp()
    if made_s > now_s + SKEW_S or ends_s - made_s > LONGEST_LIFE_S:
        raise TokenRefused("its time is yet to come")
    if ends_s <= now_s - SKEW_S:
        raise TokenRefused("its time has passed")


def _moment(claims: Claims, name: str) -> float:
    """Return a claim in seconds since 1970."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused("it does not say for how long it holds")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise TokenRefused("it does not say for how long it holds")
    return seconds
