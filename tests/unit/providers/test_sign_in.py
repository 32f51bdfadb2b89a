"""What a provider says when it gives no tokens is told by what is to be done."""

import base64
import json
from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from jobs.accounts.account import TokenSet
from jobs.accounts.errors import ProviderDisabled
from jobs.providers.google.house import google_house
from jobs.providers.http import open_client
from jobs.providers.sign_in import App, OAuthSignIn, claims_of
from jobs.streams.stream import Channel
from jobs.sync.faults import (
    AppRefused,
    AuthRevoked,
    Defect,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)
from sanderling.kernel.clock import VirtualClock
from support.accounts import TOKENS
from support.providers import Script

APP = App("client-1", "hush", "https://sanderling.test/back")


@pytest.fixture
def script() -> Script:
    """Return what the provider answers with."""
    return Script()


@pytest.fixture
async def sign_in(script: Script) -> AsyncGenerator[OAuthSignIn]:
    """Yield a way to sign in with a provider that answers by a script."""
    transport = httpx2.MockTransport(script.handle)
    async with open_client("https://google.test", transport=transport) as client:
        yield OAuthSignIn(google_house("https://google.test/"), lambda: APP, client, VirtualClock())


def test_people_are_sent_with_all_that_google_wants(sign_in: OAuthSignIn) -> None:
    """The address asks for the channel's scopes alone, for lasting access, and binds the code."""
    address = urlsplit(
        sign_in.address(channels=[Channel.GMAIL], state="s", challenge="c", email="a@b.example")
    )

    told = parse_qs(address.query)
    assert address.path == "/o/oauth2/v2/auth"
    assert "https://www.googleapis.com/auth/gmail.readonly" in told["scope"][0].split()
    assert "calendar" not in told["scope"][0]
    assert (told["state"], told["code_challenge"], told["code_challenge_method"]) == (
        ["s"],
        ["c"],
        ["S256"],
    )
    assert (told["access_type"], told["prompt"], told["login_hint"]) == (
        ["offline"],
        ["consent"],
        ["a@b.example"],
    )
    assert "hush" not in address.query


def test_google_is_asked_at_its_own_addresses_by_default() -> None:
    """Without a base URL the real hosts are used."""
    house = google_house()

    assert house.authorize_url == "https://accounts.google.com/o/oauth2/v2/auth"
    assert house.token_url == "https://oauth2.googleapis.com/token"
    assert house.revoke_url == "https://oauth2.googleapis.com/revoke"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "invalid_grant", AuthRevoked),
        (400, "interaction_required", AuthRevoked),
        (401, "invalid_client", AppRefused),
        (400, "access_denied", PermissionMissing),
        (400, "redirect_uri_mismatch", AppRefused),
        (400, "invalid_request", Defect),
        (429, "slow_down", RateLimited),
        (503, "temporarily_unavailable", Temporary),
        (400, "", Temporary),
    ],
)
async def test_a_refusal_has_one_meaning(
    sign_in: OAuthSignIn, script: Script, status: int, error: str, kind: type[ProviderFault]
) -> None:
    """The error's word decides; descriptions and tokens are never repeated."""
    script.then(status, json={"error": error, "error_description": "for ada@example.com"})

    with pytest.raises(kind) as raised:
        await sign_in.renew(TOKENS)

    assert type(raised.value) is kind
    assert "ada@" not in str(raised.value)
    assert TOKENS.refresh not in str(raised.value)
    assert APP.secret not in str(raised.value)


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": "a"}, {"access_token": "a", "expires_in": 0}]
)
async def test_half_an_answer_keeps_the_tokens(
    sign_in: OAuthSignIn, script: Script, answer: dict[str, object]
) -> None:
    """Tokens without an end, or none, are asked for again."""
    script.then(json=answer).then(content=b"<html>")

    for _ in range(2):
        with pytest.raises(Temporary):
            await sign_in.renew(TOKENS)


async def test_a_refresh_token_stays_where_no_new_one_comes(
    sign_in: OAuthSignIn, script: Script
) -> None:
    """Providers that do not rotate send an access token alone."""
    script.then(json={"access_token": "a", "expires_in": 60})
    script.then(json={"access_token": "b", "expires_in": 60, "refresh_token": "r"})

    renewed = [await sign_in.renew(TOKENS) for _ in range(2)]

    assert [(one.access, one.refresh) for one in renewed] == [("a", TOKENS.refresh), ("b", "r")]
    assert isinstance(renewed[0], TokenSet)


async def test_access_that_would_not_last_is_refused(sign_in: OAuthSignIn, script: Script) -> None:
    """Without a refresh token an account would stop within the hour."""
    script.then(json={"access_token": "a", "expires_in": 60, "id_token": id_token(sub="1")})

    with pytest.raises(PermissionMissing):
        await sign_in.redeem("code", "verifier")


@pytest.mark.parametrize("token", ["a\r\nx: y", "é", "a b", "\x00", "\ud800", "x" * 20_000])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_a_token_that_cannot_be_shown_is_not_kept(
    sign_in: OAuthSignIn, script: Script, name: str, token: str
) -> None:
    """It would break each request that it stands in, and the account keeps those that work."""
    fields = {"access_token": "a", "refresh_token": "r", "expires_in": 60, name: token}
    script.then(content=json.dumps(fields).encode())

    with pytest.raises(Temporary):
        await sign_in.renew(TOKENS)


async def test_who_somebody_is_and_what_they_gave_is_fit_to_be_kept(
    sign_in: OAuthSignIn, script: Script
) -> None:
    """Claims and scopes are bounded, and hold nothing that databases refuse."""
    claims = id_token(sub="s" * 9999, email="a\x00b@x.example")
    tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 60}
    script.then(json={**tokens, "id_token": claims, "scope": "a b\x00"})

    granted = await sign_in.redeem("code", "verifier")

    assert len(granted.subject) < 1000
    assert "\x00" not in "".join([granted.email, *granted.scopes])


async def test_without_an_app_nobody_is_sent(script: Script) -> None:
    """Who has to set what is said."""
    async with open_client(
        "https://google.test", transport=httpx2.MockTransport(script.handle)
    ) as client:
        google = OAuthSignIn(google_house(), lambda: None, client, VirtualClock())

        with pytest.raises(ProviderDisabled, match="AUTH_GOOGLE_CLIENT_ID"):
            google.address(channels=[Channel.GMAIL], state="s", challenge="c", email=None)


def id_token(**claims: str) -> str:
    """Return an id token that says so much."""
    told = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{told}.signature"


@pytest.mark.parametrize("damaged", ["", "a.b", "a.!.c", "a.bnVsbA.c", "a.e30", "a.fw.c"])
def test_a_damaged_id_token_says_nothing(damaged: str) -> None:
    """What cannot be read names nobody."""
    assert claims_of(damaged) == {}
    assert claims_of(id_token(sub="1")) == {"sub": "1"}
