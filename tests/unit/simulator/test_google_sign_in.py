"""The simulated sign-in lets applications in as Google does."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.oauth import Client
from support.google import ADA, AUTH, Google

CLIENT = Client()
AUTHORIZE = "/o/oauth2/v2/auth"
VERIFIER = "v" * 50
DIGEST = hashlib.sha256(VERIFIER.encode()).digest()
ASKING: dict[str, object] = {
    "client_id": CLIENT.client_id,
    "redirect_uri": "http://localhost/back",
    "response_type": "code",
    "scope": f"openid email profile {AUTH}/gmail.readonly",
    "state": "s",
    "access_type": "offline",
    "prompt": "consent",
    "code_challenge": base64.urlsafe_b64encode(DIGEST).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
}
APP = {"client_id": CLIENT.client_id, "client_secret": CLIENT.secret}


def _back(google: Google, **changed: object) -> dict[str, str]:
    """Return what a browser brings back to the application."""
    answer = google.page(AUTHORIZE, **{**ASKING, **changed})
    assert answer.status == 302, answer
    url = urlsplit(answer.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == "http://localhost/back"
    return dict(parse_qsl(url.query))


def _tokens(google: Google, **changed: object) -> Any:
    code = _back(google, **changed)["code"]
    status, tokens = google.form(
        "/token",
        grant_type="authorization_code",
        code=code,
        redirect_uri="http://localhost/back",
        code_verifier=VERIFIER,
        **APP,
    )
    assert status == 200, tokens
    return tokens


def test_a_code_flow_ends_with_tokens_that_work() -> None:
    """State comes back, the tokens open the mailbox, and everybody agrees on who it is."""
    google = Google(mails=1)

    assert _back(google)["state"] == "s"
    tokens = _tokens(google)
    google.token = tokens["access_token"]

    assert google.mailbox("profile")["emailAddress"] == ADA
    user = google.get("/v1/userinfo")
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert user == {
        "sub": google.person.subject,
        "email": ADA,
        "email_verified": True,
        "name": "Ada",
    }
    assert (claims["sub"], claims["aud"]) == (user["sub"], CLIENT.client_id)
    assert google.get("/oauth2/v2/userinfo")["id"] == user["sub"]
    assert google.get("/.well-known/openid-configuration")["token_endpoint"].endswith("/token")


def test_a_refresh_gives_another_access_token() -> None:
    """The refresh token stays as it is, and rotates where that is asked for."""
    google = Google()
    tokens = _tokens(google)
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **APP}

    _, renewed = google.form("/token", **again)
    google.world.oauth.policy.rotates = True
    _, rotated = google.form("/token", **again)

    assert renewed["access_token"] != tokens["access_token"]
    assert "refresh_token" not in renewed
    assert rotated["refresh_token"] != tokens["refresh_token"]
    assert google.form("/token", **again)[1]["error"] == "invalid_grant"


def test_a_second_consent_gives_no_second_refresh_token() -> None:
    """Google gives it once, unless consent is asked for again; earlier scopes can be included."""
    google = Google()
    _tokens(google)

    silent = _tokens(google, prompt="none", scope=f"{AUTH}/gmail.readonly")
    wider = _tokens(google, scope=f"{AUTH}/gmail.send", include_granted_scopes="true")

    assert "refresh_token" not in silent
    assert "refresh_token" in wider
    assert {f"{AUTH}/gmail.send", f"{AUTH}/gmail.readonly"} <= {*wider["scope"].split()}


def test_what_was_revoked_is_refused() -> None:
    """The refresh token is invalid_grant afterwards, and a second revocation finds nothing."""
    google = Google()
    tokens = _tokens(google)

    assert google.form("/revoke", token=tokens["access_token"])[0] == 200
    assert google.form("/revoke", token=tokens["access_token"])[0] == 400
    status, refused = google.form(
        "/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], **APP
    )
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_a_refresh_can_be_refused_by_fault() -> None:
    """The token is good again at the next try."""
    google = Google()
    refresh = _tokens(google)["refresh_token"]
    google.world.faults.script([FaultKind.INVALID_GRANT])
    again = {"grant_type": "refresh_token", "refresh_token": refresh, **APP}

    assert google.form("/token", **again)[1]["error"] == "invalid_grant"
    assert google.form("/token", **again)[0] == 200


def test_applications_that_are_not_known_are_refused() -> None:
    """A wrong secret is 401, and another way to ask for tokens is 400."""
    google = Google()

    assert google.form("/token", **{**APP, "client_secret": "wrong"})[0] == 401
    assert google.form("/token", grant_type="password", **APP)[0] == 400
    assert google.form("/token", grant_type="authorization_code", code="x", **APP)[0] == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "unknown"},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": "token"},
        {"scope": ""},
        {"code_challenge_method": "md5"},
    ],
)
def test_a_wrong_request_stops_at_a_page(changed: dict[str, object]) -> None:
    """Nobody is sent anywhere, because the request may be forged."""
    answer = Google().page(AUTHORIZE, **{**ASKING, **changed})

    assert answer.status == 400
    assert "location" not in answer.headers


def test_registered_addresses_are_the_only_ones() -> None:
    """An application with registered redirect addresses gets codes there alone."""
    google = Google()
    home = "https://app.example/back"
    google.world.oauth.clients = (Client(redirect_uris=(home,)),)

    assert google.page(AUTHORIZE, **ASKING).status == 400
    assert google.page(AUTHORIZE, **{**ASKING, "redirect_uri": home}).status == 302


def test_pkce_can_be_required() -> None:
    """Without a challenge there is no code then."""
    google = Google()
    google.world.oauth.policy.requires_pkce = True
    bare = {name: value for name, value in ASKING.items() if not name.startswith("code_")}

    assert google.page(AUTHORIZE, **bare).status == 400


def test_a_page_asks_who_it_is_where_several_live() -> None:
    """It names everybody, and each link leads on; denying comes back as access_denied."""
    google = Google()
    google.world.settle("bo@example.com")

    page = google.page(AUTHORIZE, **ASKING)

    assert page.status == 200
    assert b"Allow as bo@example.com" in page.body
    assert b"login_hint=bo%40example.com" in page.body
    assert "code" in _back(google, login_hint="bo@example.com")
    assert _back(google, simulated_answer="deny")["error"] == "access_denied"


def test_who_someone_is_needs_a_scope() -> None:
    """A token for mail alone does not tell."""
    google = Google(scopes=frozenset({f"{AUTH}/gmail.readonly"}))

    assert google.ask("GET", "/v1/userinfo").status == 401
