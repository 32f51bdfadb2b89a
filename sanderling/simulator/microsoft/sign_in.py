"""Microsoft's pages and endpoints of OAuth, at Microsoft's own paths."""

import base64
import hashlib
import hmac
import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

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
from sanderling.simulator.microsoft.office import Office

_PATH = "/{tenant}/oauth2/v2.0"
_NUMBERS = {
    "invalid_client": 7000215,
    "invalid_grant": 70000,
    "interaction_required": 50076,
    "consent_required": 65001,
    "access_denied": 90094,
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Let applications in, for the people of one world.

    Whoever is named by `login_hint`, or lives there alone, allows everything without being asked;
    otherwise a page asks who it is.
    """

    office: Office

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("GET", f"{_PATH}/authorize", self._authorize, Point.FREE),
            Route("POST", f"{_PATH}/token", self._token, Point.TOKEN),
        ]

    def _authorize(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        given, world = dict(asked.query), self.office.world
        objection = self._objection(given)
        if objection:
            return html_answer(f"<!doctype html><title>Sign in</title><p>{objection}", 400)
        if given.get("simulated_answer") == "deny":
            return _back(given, error="access_denied", error_description="AADSTS65004: declined.")
        if self.office.needs_admin:
            said = "AADSTS90094: An administrator of the organisation has to allow this app."
            return _back(given, error="consent_required", error_description=said)
        email = self._chosen(given)
        if email is None:
            return self._ask_who(asked)
        scopes = frozenset(given["scope"].split())
        ask = Ask(
            given["client_id"],
            given["redirect_uri"],
            scopes,
            given.get("code_challenge", ""),
            given.get("code_challenge_method", "plain"),
            is_offline="offline_access" in scopes,
        )
        self.office.interaction_required.discard(email)
        return _back(given, code=world.oauth.allow(ask, email))

    def _objection(self, given: Mapping[str, str]) -> str:
        """Return what is wrong with a request, which no application is told: it may be forged."""
        oauth = self.office.world.oauth
        client = oauth.client(given.get("client_id", ""))
        home = given.get("redirect_uri", "")
        if client is None:
            return "AADSTS700016: The application was not found in the directory."
        is_home = home in client.redirect_uris if client.redirect_uris else home.startswith("http")
        if not is_home:
            return "AADSTS50011: The redirect address is not registered."
        if given.get("response_type") != "code" or not given.get("scope"):
            return "AADSTS900144: response_type=code and scope are required."
        method = given.get("code_challenge_method", "plain")
        needs_challenge = oauth.policy.requires_pkce and not given.get("code_challenge")
        if method not in {"S256", "plain"} or needs_challenge:
            return "AADSTS9002325: A code challenge with S256 is required."
        return ""

    def _chosen(self, given: Mapping[str, str]) -> str | None:
        hint, people = given.get("login_hint", ""), self.office.world.people
        if hint in people:
            return hint
        alone = len(people) == 1 and "select_account" not in given.get("prompt", "")
        return next(iter(people)) if alone else None

    def _ask_who(self, asked: Asked) -> Answer:
        def link(text: str, **more: str) -> str:
            query = html.escape(urlencode([*asked.query, *more.items()]))
            return f'<li><a href="?{query}">{html.escape(text)}</a></li>'

        rows = [link(f"Allow as {email}", login_hint=email) for email in self.office.world.people]
        rows.append(link("Deny", simulated_answer="deny"))
        scopes = html.escape(asked.one("scope") or "")
        return html_answer(
            "<!doctype html><title>Simulated Microsoft sign-in</title>"
            f"<h1>Who are you?</h1><p>An application asks for: {scopes}</p>"
            f"<ul>{''.join(rows)}</ul>"
        )

    def _token(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        given = dict(parse_qsl(asked.body.decode("latin-1"), keep_blank_values=True))
        oauth = self.office.world.oauth
        client = oauth.client(given.get("client_id", ""))
        secret = given.get("client_secret", "")
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            return _error(401, "invalid_client", "Invalid client secret provided.")
        try:
            match given.get("grant_type"):
                case "authorization_code":
                    tokens = oauth.redeem(
                        given.get("code", ""),
                        client_id=client.client_id,
                        redirect_uri=given.get("redirect_uri", ""),
                        verifier=given.get("code_verifier", ""),
                    )
                case "refresh_token" if asked.fault is FaultKind.INVALID_GRANT:
                    return _error(400, "invalid_grant", "The refresh token has expired.")
                case "refresh_token":
                    tokens = self._renewed(given, client)
                case _:
                    return _error(400, "unsupported_grant_type", "The grant type is unsupported.")
        except GrantRefused as refused:
            return _error(400, refused.error, refused.description)
        return json_answer(self._tokens_json(tokens, client)).having(cache_control="no-store")

    def _renewed(self, given: Mapping[str, str], client: Client) -> Tokens:
        """Return new tokens, unless the person has to come to the page again."""
        office = self.office
        scopes = frozenset(given.get("scope", "").split())
        tokens = office.world.oauth.renew(
            given.get("refresh_token", ""), client_id=client.client_id, scopes=scopes
        )
        if tokens.email in office.interaction_required:
            raise GrantRefused("interaction_required", "You must use multi-factor authentication.")
        if office.needs_admin:
            raise GrantRefused("consent_required", "The administrator has not consented.")
        return tokens

    def _tokens_json(self, tokens: Tokens, client: Client) -> dict[str, object]:
        value: dict[str, object] = {
            "token_type": "Bearer",
            "scope": " ".join(sorted(tokens.scopes - {"offline_access"})),
            "expires_in": tokens.expires_in_s,
            "ext_expires_in": tokens.expires_in_s,
            "access_token": tokens.access_token,
        }
        if tokens.refresh_token:
            value["refresh_token"] = tokens.refresh_token
        if "openid" in tokens.scopes:
            value["id_token"] = self._id_token(tokens, client)
        return value

    def _id_token(self, tokens: Tokens, client: Client) -> str:
        """Return who signed in, signed with the client's secret as OpenID Connect allows."""
        person = self.office.world.people[tokens.email]
        now = int(self.office.world.clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            "aud": client.client_id,
            "iat": now,
            "exp": now + tokens.expires_in_s,
            "sub": person.subject,
            "oid": person.subject,
            "preferred_username": person.email,
            "name": person.name,
        }
        if "email" in tokens.scopes:
            claims["email"] = person.email
        parts = [_base64(encoded({"alg": "HS256", "typ": "JWT"})), _base64(encoded(claims))]
        signed = ".".join(parts).encode()
        signature = hmac.new(client.secret.encode(), signed, hashlib.sha256).digest()
        return ".".join([*parts, _base64(signature)])


def _back(given: Mapping[str, str], **values: str) -> Answer:
    home = given["redirect_uri"]
    if "state" in given:
        values["state"] = given["state"]
    return redirect(f"{home}{'&' if '?' in home else '?'}{urlencode(values)}")


def _error(status: int, error: str, description: str) -> Answer:
    number = _NUMBERS.get(error, 900144)
    value: dict[str, object] = {
        "error": error,
        "error_description": f"AADSTS{number}: {description}",
        "error_codes": [number],
    }
    return json_answer(value, status)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
