"""Who may act for whom: codes with PKCE, access and refresh tokens, revocation."""

import base64
import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from sanderling.kernel.clock import Clock

_CODE_LIVES = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Client:
    """An application that people can let in; without redirect addresses every one is taken."""

    client_id: str = "sanderling-dev"
    secret: str = "sanderling-dev-secret"  # noqa: S105 - opens nothing but a simulator.
    redirect_uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """What an application asks a person to allow."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str = ""
    challenge_method: str = "plain"
    is_offline: bool = True
    """Whether a refresh token is wanted."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed an application; revoked ones stay, to be told from unknown ones."""

    email: str
    client_id: str
    scopes: frozenset[str]
    is_revoked: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gives out."""

    access_token: str
    refresh_token: str
    """Empty where there is none, or where the old one stays."""
    scopes: frozenset[str]
    expires_in_s: int
    email: str


class GrantRefused(Exception):
    """A token endpoint says no, in the words of RFC 6749."""

    def __init__(self, error: str, description: str) -> None:
        """Keep the word and the sentence."""
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class _Code:
    ask: Ask
    grant: int
    until: datetime


@dataclass(frozen=True, slots=True)
class _Access:
    grant: int
    until: datetime


@dataclass(slots=True)
class Policy:
    """How the server gives tokens; changed while it runs."""

    access_lives_s: int = 3599
    rotates: bool = False
    """Whether each refresh gives a new refresh token and makes the old one void."""
    requires_pkce: bool = False


@dataclass(slots=True)
class AuthorizationServer:
    """Give codes and tokens, know whose they are, and take them back.

    The same seed and the same requests give the same tokens. One event loop owns it.
    """

    clock: Clock
    clients: tuple[Client, ...] = (Client(),)
    policy: Policy = field(default_factory=Policy)
    seed: int = 0
    token_prefix: str = ""
    _codes: dict[str, _Code] = field(default_factory=dict[str, _Code])
    _grants: list[Grant] = field(default_factory=list[Grant])
    _access: dict[str, _Access] = field(default_factory=dict[str, _Access])
    _refresh: dict[str, int] = field(default_factory=dict[str, int])
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        """Start drawing."""
        self._random = Random(f"{self.seed}:oauth")  # noqa: S311 - tokens of a simulator are no secrets.

    def client(self, client_id: str) -> Client | None:
        """Return a registered application."""
        return next((kept for kept in self.clients if kept.client_id == client_id), None)

    def allow(self, ask: Ask, email: str) -> str:
        """Return the code for an application that this person lets in."""
        self._grants.append(Grant(email, ask.client_id, ask.scopes))
        code = self._word("code")
        until = self.clock.now() + _CODE_LIVES
        self._codes[code] = _Code(ask, len(self._grants) - 1, until)
        return code

    def issue(self, email: str, scopes: frozenset[str]) -> Tokens:
        """Return tokens without any code, as a test or a person at the control door wants them."""
        self._grants.append(Grant(email, self.clients[0].client_id, scopes))
        return self._tokens(len(self._grants) - 1, with_refresh=True)

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Tokens:
        """Return the tokens for a code, which is good once.

        Raises:
            GrantRefused: the code is unknown, used, late, of another application or address, or
                the verifier does not answer its challenge.

        """
        kept = self._codes.pop(code, None)
        if kept is None or kept.until <= self.clock.now() or kept.ask.client_id != client_id:
            raise GrantRefused("invalid_grant", "Malformed auth code.")
        if kept.ask.redirect_uri != redirect_uri:
            raise GrantRefused("redirect_uri_mismatch", "Bad Request")
        if not _answers(kept.ask, verifier):
            raise GrantRefused("invalid_grant", "Invalid code verifier.")
        return self._tokens(kept.grant, with_refresh=kept.ask.is_offline)

    def renew(
        self, refresh_token: str, *, client_id: str, scopes: frozenset[str] = frozenset()
    ) -> Tokens:
        """Return new tokens for a refresh token, of all its scopes or of some.

        Raises:
            GrantRefused: the token is unknown, replaced, revoked or of another application.

        """
        number = self._refresh.get(refresh_token)
        if number is None or self._grants[number].is_revoked:
            raise GrantRefused("invalid_grant", "Token has been expired or revoked.")
        if self._grants[number].client_id != client_id:
            raise GrantRefused("unauthorized_client", "Unauthorized")
        if not scopes <= self._grants[number].scopes:
            raise GrantRefused("invalid_scope", "Some requested scopes were invalid.")
        if self.policy.rotates:
            del self._refresh[refresh_token]
        tokens = self._tokens(number, with_refresh=self.policy.rotates)
        return replace(tokens, scopes=scopes or tokens.scopes)

    def grant(self, access_token: str) -> Grant | None:
        """Return what an access token allows now; None where it is void."""
        kept = self._access.get(access_token)
        if kept is None or kept.until <= self.clock.now():
            return None
        grant = self._grants[kept.grant]
        return None if grant.is_revoked else grant

    def scopes_of(self, email: str, client_id: str) -> frozenset[str]:
        """Return all that a person lets an application do now."""
        found = frozenset[str]()
        for kept in self._grants:
            if (kept.email, kept.client_id, kept.is_revoked) == (email, client_id, False):
                found |= kept.scopes
        return found

    def void(self, access_token: str) -> None:
        """Let an access token end early; its refresh token stays good."""
        self._access.pop(access_token, None)

    def void_all(self) -> None:
        """Let every access token end early."""
        self._access.clear()

    def revoke(self, token: str) -> bool:
        """Take back all that an access or refresh token stands on; False for unknown ones."""
        access = self._access.get(token)
        number = self._refresh.get(token) if access is None else access.grant
        if number is None or self._grants[number].is_revoked:
            return False
        self._grants[number] = replace(self._grants[number], is_revoked=True)
        return True

    def revoke_person(self, email: str) -> int:
        """Take back all that a person allowed, as on the provider's page; return how many."""
        count = 0
        for number, grant in enumerate(self._grants):
            if grant.email == email and not grant.is_revoked:
                self._grants[number] = replace(grant, is_revoked=True)
                count += 1
        return count

    def _tokens(self, number: int, *, with_refresh: bool) -> Tokens:
        grant = self._grants[number]
        lives = self.policy.access_lives_s
        access = self._word("access")
        self._access[access] = _Access(number, self.clock.now() + timedelta(seconds=lives))
        refresh = self._word("refresh") if with_refresh else ""
        if refresh:
            self._refresh[refresh] = number
        return Tokens(access, refresh, grant.scopes, lives, grant.email)

    def _word(self, kind: str) -> str:
        return f"{self.token_prefix}{kind}-{self._random.getrandbits(128):032x}"


def _answers(ask: Ask, verifier: str) -> bool:
    if not ask.challenge:
        return not verifier
    if ask.challenge_method == "plain":
        return verifier == ask.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == ask.challenge
