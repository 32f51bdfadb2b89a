"""Google's pages and endpoints of OAuth, at Google's own paths."""

import base64
import hashlib
import hmac
import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode

from sanderling.simulator.core.exchange import (
    Answer,
    Asked,
    encoded,
    html_answer,
    json_answer,
    redirect,
)
from sanderling.simulator.core.faults import FaultKind, Point
from sanderling.simulator.core.oauth import Ask, Client, GrantRefused, Tokens
from sanderling.simulator.core.routes import Route
from sanderling.simulator.core.world import World

_ISSUER = "https://accounts.google.com"
_EMAIL = {"email", "https://www.googleapis.com/auth/userinfo.email"}
_PROFILE = {"profile", "https://www.googleapis.com/auth/userinfo.profile"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Let applications in, for the people of one world.

    Whoever is named by `login_hint`, or lives there alone, allows everything without being asked;
    otherwise a page asks who it is.
    """

    world: World

    def routes(self) -> list[Route]:
        """Return the routes."""
        token = Point.TOKEN
        return [
            Route("GET", "/o/oauth2/v2/auth", self._authorize, Point.FREE),
            Route("GET", "/o/oauth2/auth", self._authorize, Point.FREE),
            Route("POST", "/token", self._token, token),
            Route("POST", "/oauth2/v4/token", self._token, token),
            Route("POST", "/revoke", self._revoke, token),
            Route("GET", "/v1/userinfo", self._user),
            Route("GET", "/oauth2/v3/userinfo", self._user),
            Route("GET", "/oauth2/v2/userinfo", self._user),
            Route("GET", "/.well-known/openid-configuration", _discovery, Point.FREE),
        ]

    def _authorize(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        given = dict(asked.query)
        objection = self._objection(given)
        if objection is not None:
            return _stop(*objection)
        home = given["redirect_uri"]
        if given.get("simulated_answer") == "deny":
            return _back(home, {"error": "access_denied"}, given)
        email = self._chosen(given)
        if email is None:
            return self._ask_who(asked)
        code = self.world.oauth.allow(self._ask(given, email), email)
        return _back(home, {"code": code, "scope": given["scope"], "authuser": "0"}, given)

    def _objection(self, given: Mapping[str, str]) -> tuple[str, str] | None:
        """Return what is wrong with a request, which no application is told: it may be forged."""
        oauth = self.world.oauth
        client = oauth.client(given.get("client_id", ""))
        if client is None:
            return "invalid_client", "The OAuth client was not found."
        if not _is_home(client, given.get("redirect_uri", "")):
            return "redirect_uri_mismatch", "The redirect address is not registered."
        if given.get("response_type") != "code" or not given.get("scope"):
            return "invalid_request", "response_type=code and scope are required."
        has_challenge = bool(given.get("code_challenge"))
        method = given.get("code_challenge_method", "plain")
        if method not in {"S256", "plain"} or (oauth.policy.requires_pkce and not has_challenge):
            return "invalid_request", "A code challenge with S256 is required."
        return None

    def _chosen(self, given: Mapping[str, str]) -> str | None:
        hint, people = given.get("login_hint", ""), self.world.people
        if hint in people:
            return hint
        alone = len(people) == 1 and "select_account" not in given.get("prompt", "")
        return next(iter(people)) if alone else None

    def _ask(self, given: Mapping[str, str], email: str) -> Ask:
        """Return what is allowed: Google gives a refresh token with the first consent alone."""
        oauth, client_id = self.world.oauth, given["client_id"]
        earlier = oauth.scopes_of(email, client_id)
        scopes = frozenset(given["scope"].split())
        is_first = not scopes <= earlier or "consent" in given.get("prompt", "")
        if given.get("include_granted_scopes") == "true":
            scopes |= earlier
        return Ask(
            client_id,
            given["redirect_uri"],
            scopes,
            given.get("code_challenge", ""),
            given.get("code_challenge_method", "plain"),
            is_offline=given.get("access_type") == "offline" and is_first,
        )

    def _ask_who(self, asked: Asked) -> Answer:
        def link(text: str, **more: str) -> str:
            query = urlencode([*asked.query, *more.items()])
            return f'<li><a href="?{html.escape(query)}">{html.escape(text)}</a></li>'

        rows = [link(f"Allow as {email}", login_hint=email) for email in self.world.people]
        rows.append(link("Deny", simulated_answer="deny"))
        scopes = html.escape(asked.one("scope") or "")
        return html_answer(
            "<!doctype html><title>Simulated Google sign-in</title>"
            f"<h1>Who are you?</h1><p>An application asks for: {scopes}</p>"
            f"<ul>{''.join(rows)}</ul>"
        )

    def _token(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        given = dict(parse_qsl(asked.body.decode("latin-1"), keep_blank_values=True))
        oauth = self.world.oauth
        client_id, secret = _credentials(asked, given)
        client = oauth.client(client_id)
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            return _oauth_error(401, "invalid_client", "The OAuth client was not found.")
        try:
            match given.get("grant_type"):
                case "authorization_code":
                    tokens = oauth.redeem(
                        given.get("code", ""),
                        client_id=client_id,
                        redirect_uri=given.get("redirect_uri", ""),
                        verifier=given.get("code_verifier", ""),
                    )
                case "refresh_token" if asked.fault is FaultKind.INVALID_GRANT:
                    description = "Token has been expired or revoked."
                    return _oauth_error(400, "invalid_grant", description)
                case "refresh_token":
                    scopes = frozenset(given.get("scope", "").split())
                    token = given.get("refresh_token", "")
                    tokens = oauth.renew(token, client_id=client_id, scopes=scopes)
                case other:
                    description = f"Invalid grant_type: {other}"
                    return _oauth_error(400, "unsupported_grant_type", description)
        except GrantRefused as refused:
            return _oauth_error(400, refused.error, refused.description)
        return json_answer(self._tokens_json(tokens, client)).having(cache_control="no-store")

    def _tokens_json(self, tokens: Tokens, client: Client) -> dict[str, object]:
        value: dict[str, object] = {
            "access_token": tokens.access_token,
            "expires_in": tokens.expires_in_s,
            "scope": " ".join(sorted(tokens.scopes)),
            "token_type": "Bearer",
        }
        if tokens.refresh_token:
            value["refresh_token"] = tokens.refresh_token
        if "openid" in tokens.scopes:
            value["id_token"] = self._id_token(tokens, client)
        return value

    def _id_token(self, tokens: Tokens, client: Client) -> str:
        """Return who signed in, signed with the client's secret as OpenID Connect allows."""
        now = int(self.world.clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": _ISSUER,
            "aud": client.client_id,
            "iat": now,
            "exp": now + tokens.expires_in_s,
            **self._claims(tokens.email, tokens.scopes),
        }
        parts = [_base64(encoded({"alg": "HS256", "typ": "JWT"})), _base64(encoded(claims))]
        signed = ".".join(parts).encode()
        signature = hmac.new(client.secret.encode(), signed, hashlib.sha256).digest()
        return ".".join([*parts, _base64(signature)])

    def _claims(self, email: str, scopes: frozenset[str]) -> dict[str, object]:
        person = self.world.people[email]
        value: dict[str, object] = {"sub": person.subject}
        if scopes & _EMAIL:
            value |= {"email": person.email, "email_verified": True}
        if scopes & _PROFILE:
            value["name"] = person.name
        return value

    def _user(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        grant = self.world.oauth.grant(asked.bearer)
        if grant is None or not grant.scopes & ({"openid"} | _EMAIL | _PROFILE):
            return _oauth_error(401, "invalid_request", "Invalid Credentials")
        claims = self._claims(grant.email, grant.scopes)
        if asked.path == "/oauth2/v2/userinfo":
            claims["id"] = claims.pop("sub")
            claims |= {"verified_email": True} if claims.pop("email_verified", False) else {}
        return json_answer(claims)

    def _revoke(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        given = dict(parse_qsl(asked.body.decode("latin-1")))
        token = asked.one("token") or given.get("token", "")
        if self.world.oauth.revoke(token):
            return json_answer({})
        return _oauth_error(400, "invalid_token", "Token expired or revoked")


def _credentials(asked: Asked, given: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, text = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client_id, _, secret = base64.b64decode(text + "==").decode("latin-1").partition(":")
        return unquote(client_id), unquote(secret)
    return given.get("client_id", ""), given.get("client_secret", "")


def _is_home(client: Client, home: str) -> bool:
    if client.redirect_uris:
        return home in client.redirect_uris
    return home.startswith(("http://", "https://"))


def _back(home: str, values: dict[str, str], given: Mapping[str, str]) -> Answer:
    if "state" in given:
        values = {"state": given["state"], **values}
    return redirect(f"{home}{'&' if '?' in home else '?'}{urlencode(values)}")


def _stop(error: str, sentence: str) -> Answer:
    page = f"<!doctype html><title>Error 400: {error}</title><h1>Access blocked</h1><p>{sentence}"
    return html_answer(page, 400)


def _oauth_error(status: int, error: str, description: str) -> Answer:
    return json_answer({"error": error, "error_description": description}, status)


def _discovery(asked: Asked, _: Mapping[str, str]) -> Answer:
    base = asked.base_url
    return json_answer(
        {
            "issuer": _ISSUER,
            "authorization_endpoint": f"{base}/o/oauth2/v2/auth",
            "token_endpoint": f"{base}/token",
            "revocation_endpoint": f"{base}/revoke",
            "userinfo_endpoint": f"{base}/v1/userinfo",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["plain", "S256"],
        }
    )


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
