"""A provider that people sign in with in memory: for embedding, trials and tests.

It belongs to one event loop; no method waits, so each one is atomic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from jobs.accounts.account import Granted, Provider, TokenSet
from jobs.accounts.accounts import challenge_of
from jobs.streams.stream import Channel
from jobs.sync.faults import AuthRevoked, PermissionMissing, ProviderFault
from sanderling.kernel.clock import Clock

LIFE = timedelta(hours=1)
SENDING = "send"
"""The scope to send mail with; those of channels are their names."""


@dataclass(frozen=True, slots=True)
class _Consent:
    email: str
    challenge: str
    scopes: tuple[str, ...]


class MemorySignIn:
    """Let people in who are told of with `consent`; refresh tokens rotate."""

    def __init__(self, clock: Clock) -> None:
        """Know nobody."""
        self._clock = clock
        self._codes: dict[str, _Consent] = {}
        self._refresh: set[str] = set()
        self._count = 0
        self.renewals = 0

    def of(self, provider: Provider) -> "MemorySignIn":  # noqa: ARG002 - it plays each of them.
        """Return itself."""
        return self

    def offered(self, provider: Provider) -> frozenset[Channel]:
        """Return all of the provider's channels."""
        return provider.channels

    def address(
        self,
        *,
        channels: Sequence[Channel],
        state: str,
        challenge: str,
        email: str | None,
        sends: bool = False,
    ) -> str:
        """Return an address that holds what was asked."""
        scope = " ".join(_scopes(channels, sends=sends))
        query = {"state": state, "code_challenge": challenge, "scope": scope}
        if email:
            query["login_hint"] = email
        return f"https://provider.invalid/?{urlencode(query)}"

    def consent(
        self, email: str, *, challenge: str, channels: Sequence[Channel], sends: bool = False
    ) -> str:
        """Return the code with which somebody comes back who consents to these channels."""
        code = self._word("code")
        self._codes[code] = _Consent(email, challenge, _scopes(channels, sends=sends))
        return code

    def end(self) -> None:
        """Let every consent end."""
        self._refresh.clear()

    async def redeem(self, code: str, verifier: str) -> Granted:
        """Return what a code stands for."""
        consent = self._codes.pop(code, None)
        if consent is None or consent.challenge != challenge_of(verifier):
            raise AuthRevoked("invalid_grant")
        return Granted(f"subject of {consent.email}", consent.email, consent.scopes, self._issue())

    async def renew(self, tokens: TokenSet) -> TokenSet:
        """Return the next tokens."""
        if tokens.refresh not in self._refresh:
            raise AuthRevoked("invalid_grant")
        self._refresh.remove(tokens.refresh)
        self.renewals += 1
        return self._issue()

    async def revoke(self, tokens: TokenSet) -> None:
        """Let one consent end."""
        self._refresh.discard(tokens.refresh)

    def missing(
        self, channels: Sequence[Channel], scopes: Sequence[str], *, sends: bool = False
    ) -> Sequence[str]:
        """Return the channels that were not consented to, and sending if it was not."""
        return [scope for scope in _scopes(channels, sends=sends) if scope not in scopes]

    def refusal(self, error: str, description: str) -> ProviderFault:  # noqa: ARG002 - it has one.
        """Return that the person said no."""
        return PermissionMissing("access was denied at the provider", "Connect again and allow it")

    def _issue(self) -> TokenSet:
        refresh = self._word("refresh")
        self._refresh.add(refresh)
        return TokenSet(self._word("access"), refresh, self._clock.now() + LIFE)

    def _word(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"


def _scopes(channels: Sequence[Channel], *, sends: bool) -> tuple[str, ...]:
    return (*channels, SENDING) if sends else tuple(channels)
