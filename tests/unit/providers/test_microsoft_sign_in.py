"""What Microsoft says when it gives no tokens is told by what is to be done."""

from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from jobs.providers.http import open_client
from jobs.providers.microsoft.house import microsoft_house
from jobs.providers.sign_in import App, OAuthSignIn
from jobs.streams.stream import Channel
from jobs.sync.faults import AppRefused, AuthRevoked, PermissionMissing, ProviderFault, Temporary
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
    async with open_client("https://login.test", transport=transport) as client:
        yield OAuthSignIn(microsoft_house(), lambda: APP, client, VirtualClock())


def test_people_are_sent_with_all_that_microsoft_wants(sign_in: OAuthSignIn) -> None:
    """The address asks for the channel's scopes alone, and lets people choose the account."""
    address = urlsplit(
        sign_in.address(channels=[Channel.MICROSOFT_MAIL], state="s", challenge="c", email=None)
    )

    told = parse_qs(address.query)
    assert (address.netloc, address.path) == (
        "login.microsoftonline.com",
        "/common/oauth2/v2.0/authorize",
    )
    assert {"Mail.Read", "offline_access", "User.Read"} <= set(told["scope"][0].split())
    assert "Calendars.Read" not in told["scope"][0]
    assert "login_hint" not in told
    assert (told["prompt"], told["response_mode"]) == (["select_account"], ["query"])


async def test_tokens_are_renewed_where_their_tenant_is() -> None:
    """Both addresses are the tenant's, so that a token of another one is never asked for."""
    house = microsoft_house("https://login.test/", "organizations")

    assert house.authorize_url == "https://login.test/organizations/oauth2/v2.0/authorize"
    assert house.token_url == "https://login.test/organizations/oauth2/v2.0/token"


def test_scopes_may_be_told_in_full(sign_in: OAuthSignIn) -> None:
    """Microsoft names a scope with or without the service that it is of."""
    both = [Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR]

    assert sign_in.missing(both, ["https://graph.microsoft.com/Mail.Read", "calendars.read"]) == []
    assert sign_in.missing(both, ["https://elsewhere.example/Mail.Read", "Mail.ReadBasic"]) == [
        "Mail.Read",
        "Calendars.Read",
    ]


@pytest.mark.parametrize(
    ("error", "number", "kind", "what_to_do"),
    [
        ("consent_required", 65001, PermissionMissing, "administrator"),
        ("access_denied", 90094, PermissionMissing, "Entra admin centre"),
        ("unauthorized_client", 700016, AppRefused, "AUTH_MICROSOFT_CLIENT_ID"),
        ("invalid_client", 7000215, AppRefused, "not to its id"),
        ("invalid_client", 7000222, AppRefused, "Make a new one"),
        ("invalid_request", 50011, AppRefused, "AUTH_MICROSOFT_APIS_CALLBACK_URL"),
        ("invalid_request", 50194, AppRefused, "AUTH_MICROSOFT_TENANT to the organisation"),
        ("invalid_grant", 50020, AppRefused, "that AUTH_MICROSOFT_TENANT names"),
        ("invalid_request", 9002331, AppRefused, "AUTH_MICROSOFT_TENANT to consumers"),
        ("invalid_request", 9002332, AppRefused, "AUTH_MICROSOFT_TENANT to organizations"),
        ("invalid_request", 90002, AppRefused, "Correct AUTH_MICROSOFT_TENANT"),
        ("access_denied", 50105, PermissionMissing, "assign the person"),
        ("access_denied", 53003, PermissionMissing, "conditional access"),
        ("invalid_grant", 50173, AuthRevoked, "password was changed"),
        ("invalid_grant", 700082, AuthRevoked, "ninety days"),
        ("interaction_required", 50076, AuthRevoked, "second factor"),
        ("interaction_required", 999999, AuthRevoked, "interaction_required"),
        ("temporarily_unavailable", 90033, Temporary, "temporarily_unavailable"),
    ],
)
async def test_a_number_says_what_is_to_be_done(
    sign_in: OAuthSignIn,
    script: Script,
    error: str,
    number: int,
    kind: type[ProviderFault],
    what_to_do: str,
) -> None:
    """It is told alike from the token endpoint and from the way back; people are not named."""
    description = f"AADSTS{number}: User ada@example.com, trace id 1."
    script.then(400, json={"error": error, "error_description": description})
    script.then(400, json={"error": error, "error_codes": [number]})

    told = [sign_in.refusal(error, description)]
    for _ in range(2):
        with pytest.raises(kind) as raised:
            await sign_in.renew(TOKENS)
        told.append(raised.value)

    sentences = {f"{fault} {fault.advice}" for fault in told}
    assert {type(fault) for fault in told} == {kind}
    assert len(sentences) == 1
    assert what_to_do in sentences.pop()
    assert all("ada@" not in str(fault) for fault in told)


@pytest.mark.parametrize("codes", [None, "65001", [None, "65001"], {"65001": 1}])
async def test_numbers_that_are_none_are_left_out(
    sign_in: OAuthSignIn, script: Script, codes: object
) -> None:
    """Then the word of OAuth decides."""
    script.then(400, json={"error": "invalid_grant", "error_codes": codes})

    with pytest.raises(AuthRevoked, match="invalid_grant"):
        await sign_in.renew(TOKENS)
