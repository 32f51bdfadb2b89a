"""Signs in with OAuth 2: a code with PKCE, and refreshes; what differs is told by values."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast
from urllib.parse import urlencode

import httpx2

from jobs.accounts.account import Granted, TokenSet
from jobs.accounts.errors import ProviderDisabled
from jobs.providers.answer import Answer, Fields, retry_after_s, text_of
from jobs.providers.http import exchange
from jobs.providers.objection import Objection, meaning, objection_of, objection_told
from jobs.providers.text import clean
from jobs.streams.stream import Channel
from jobs.sync.faults import (
    Defect,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)
from sanderling.kernel.clock import Clock
from sanderling.kernel.units import MIB

SIGN_IN_TIMEOUT_S = 30.0
"""The longest that an answer may take: the right to renew a token ends soon after."""

_MAX_BYTES = 1 * MIB
_MAX_LIFE_S = 24 * 3600
_MAX_CLAIM_CHARS = 320
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
"""What a token may be made of, so that it can stand in a header."""
_TOO_MANY, _FIRST_SERVER_ERROR = 429, 500


@dataclass(frozen=True, slots=True)
class App:
    """Our app at a provider, as it is registered there."""

    client_id: str
    secret: str = field(repr=False)
    callback_url: str


@dataclass(frozen=True, slots=True)
class House:
    """How one provider is signed in with: addresses, scopes by channel, and what it insists on."""

    name: str
    authorize_url: str
    token_url: str
    revoke_url: str | None
    identity_scopes: tuple[str, ...]
    channel_scopes: Mapping[Channel, tuple[str, ...]]
    sending_scope: str
    address_params: Mapping[str, str]
    settings: str
    """The names of the settings that make the app known, for people."""
    subject_claims: tuple[str, ...] = ("sub",)
    email_claims: tuple[str, ...] = ("email",)
    scope_prefix: str = ""
    """What may stand before a scope where the provider tells which were given."""
    meaning: Callable[[Objection], ProviderFault | None] = lambda _: None
    """What an objection means in this house, where it has more to say than words of OAuth."""


class OAuthSignIn:
    """Sign in with one provider."""

    def __init__(
        self,
        house: House,
        app: Callable[[], App | None],
        client: httpx2.AsyncClient,
        clock: Clock,
    ) -> None:
        """Ask over `client`; `app` is looked at anew each time, because settings change."""
        self._house = house
        self._app = app
        self._client = client
        self._clock = clock

    def address(
        self,
        *,
        channels: Sequence[Channel],
        state: str,
        challenge: str,
        email: str | None,
        sends: bool = False,
    ) -> str:
        """Return where a person consents to these channels."""
        app = self._require_app()
        query = {
            **self._house.address_params,
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.callback_url,
            "scope": " ".join([*self._house.identity_scopes, *self._scopes(channels, sends=sends)]),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if email:
            query["login_hint"] = email
        return f"{self._house.authorize_url}?{urlencode(query)}"

    async def redeem(self, code: str, verifier: str) -> Granted:
        """Return what a code stands for."""
        fields = await self._token(
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=self._require_app().callback_url,
        )
        claims = claims_of(text_of(fields, "id_token"))
        subject = _first(claims, self._house.subject_claims)
        if not subject or not text_of(fields, "refresh_token"):
            raise PermissionMissing(
                "the provider gave no lasting access",
                "Remove the app's access in the account at the provider, and connect again",
            )
        return Granted(
            subject,
            _first(claims, self._house.email_claims).lower(),
            tuple(sorted(clean(text_of(fields, "scope")).split())),
            self._tokens(fields, ""),
        )

    async def renew(self, tokens: TokenSet) -> TokenSet:
        """Return the next tokens."""
        fields = await self._token(grant_type="refresh_token", refresh_token=tokens.refresh)
        return self._tokens(fields, tokens.refresh)

    async def revoke(self, tokens: TokenSet) -> None:
        """Tell the provider, where it has a way."""
        if self._house.revoke_url is not None:
            await self._post(self._house.revoke_url, {"token": tokens.refresh})

    def missing(
        self, channels: Sequence[Channel], scopes: Sequence[str], *, sends: bool = False
    ) -> Sequence[str]:
        """Return the scopes that these channels need and that were not given."""
        given = {self._short(scope) for scope in scopes}
        needed = self._scopes(channels, sends=sends)
        return [scope for scope in needed if self._short(scope) not in given]

    def refusal(self, error: str, description: str) -> ProviderFault:
        """Return what it means that a person came back with an error."""
        return self._meaning(objection_told(error, description)) or PermissionMissing(
            "the provider refused it for a reason that is not known here", "Connect again"
        )

    def _short(self, scope: str) -> str:
        return scope.removeprefix(self._house.scope_prefix).lower()

    def _scopes(self, channels: Sequence[Channel], *, sends: bool) -> list[str]:
        needed = [scope for channel in channels for scope in self._house.channel_scopes[channel]]
        if sends:
            needed.append(self._house.sending_scope)
        return list(dict.fromkeys(needed))

    def _require_app(self) -> App:
        app = self._app()
        if app is None:
            raise ProviderDisabled(
                provider=self._house.name,
                reason="no OAuth app is configured",
                settings=self._house.settings,
            )
        return app

    async def _token(self, **form: str) -> Fields:
        app = self._require_app()
        secrets = {"client_id": app.client_id, "client_secret": app.secret}
        answer = await self._post(self._house.token_url, {**form, **secrets})
        if not answer.is_success:
            raise self._fault(answer)
        return answer.fields()

    async def _post(self, url: str, form: Mapping[str, str]) -> Answer:
        request = self._client.build_request("POST", url, data=dict(form))
        return await exchange(self._client, request, _MAX_BYTES, within_s=SIGN_IN_TIMEOUT_S)

    def _tokens(self, fields: Fields, earlier: str) -> TokenSet:
        access, life_s = text_of(fields, "access_token"), fields.get("expires_in")
        if not access or not isinstance(life_s, int) or life_s <= 0:
            raise Temporary("the provider's tokens came without what they need")
        lasts = timedelta(seconds=min(life_s, _MAX_LIFE_S))
        refresh = text_of(fields, "refresh_token") or earlier
        if not (_TOKEN.fullmatch(access) and _TOKEN.fullmatch(refresh)):
            raise Temporary("the provider's tokens are none that can be shown to it")
        return TokenSet(access, refresh, self._clock.now() + lasts)

    def _fault(self, answer: Answer) -> ProviderFault:
        """Return what a refusal means; descriptions are not repeated, they name people."""
        if answer.status == _TOO_MANY:
            now = self._clock.now()
            return RateLimited(retry_after_s=retry_after_s(answer.headers, now))
        if answer.status >= _FIRST_SERVER_ERROR:
            return Temporary(f"status {answer.status}")
        objection = objection_of(answer.fields())
        unforeseen = Defect if objection.error else Temporary
        return self._meaning(objection) or unforeseen(f"status {answer.status}")

    def _meaning(self, objection: Objection) -> ProviderFault | None:
        return self._house.meaning(objection) or meaning(objection, self._house.settings)


def claims_of(id_token: str) -> Fields:
    """Return what an id token says; it comes from the provider itself, so it is not verified."""
    parts = id_token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - head, claims and signature.
        return {}
    try:
        text = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: object = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return cast("Fields", claims) if isinstance(claims, dict) else {}


def _first(claims: Fields, names: Sequence[str]) -> str:
    told = next((text_of(claims, name) for name in names if text_of(claims, name)), "")
    return clean(told, _MAX_CLAIM_CHARS)
