"""The simulated sign-in of Microsoft gives tokens as the real one does, and refuses as it does."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.oauth import Client
from sanderling.simulator.providers import PROVIDERS
from support.microsoft import ADA, SCOPES, Microsoft

VERIFIER = "a-verifier-of-forty-three-characters-or-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
HOME = "http://localhost/back"
PATH = "/common/oauth2/v2.0"


def _authorize(microsoft: Microsoft, **more: str) -> Answer:
    given = {
        "client_id": Client().client_id,
        "redirect_uri": HOME,
        "response_type": "code",
        "scope": " ".join(sorted(SCOPES)),
        "state": "s1",
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
        **more,
    }
    return microsoft.site.answer(Asked("GET", f"{PATH}/authorize", tuple(given.items())))


def _token(microsoft: Microsoft, **given: str) -> tuple[int, dict[str, str]]:
    client = Client()
    form = {"client_id": client.client_id, "client_secret": client.secret, **given}
    answer = microsoft.site.answer(Asked("POST", f"{PATH}/token", body=urlencode(form).encode()))
    return answer.status, json.loads(answer.body)


def _redeem(microsoft: Microsoft, verifier: str = VERIFIER) -> tuple[int, dict[str, str]]:
    sent_back = urlsplit(_authorize(microsoft).headers["location"])
    code = dict(parse_qsl(sent_back.query))["code"]
    return _token(
        microsoft,
        grant_type="authorization_code",
        code=code,
        redirect_uri=HOME,
        code_verifier=verifier,
    )


def _refresh(microsoft: Microsoft, token: str) -> tuple[int, dict[str, str]]:
    return _token(microsoft, grant_type="refresh_token", refresh_token=token)


def test_a_code_gives_tokens_and_says_who_it_is() -> None:
    """The id token names the person, and the scopes leave out what is no permission."""
    microsoft = Microsoft()
    status, tokens = _redeem(microsoft)

    claims = tokens["id_token"].split(".")[1]
    who = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert status == 200
    assert who["preferred_username"] == ADA
    assert set(tokens["scope"].split()) == SCOPES - {"offline_access"}


def test_a_wrong_verifier_gives_nothing() -> None:
    """Whoever stole a code has not what it was asked for with."""
    status, refused = _redeem(Microsoft(), verifier="another")

    assert (status, refused["error"]) == (400, "invalid_grant")


def test_a_refresh_token_is_good_once() -> None:
    """Each refresh gives a new one."""
    microsoft = Microsoft()
    _, first = _redeem(microsoft)
    status, second = _refresh(microsoft, first["refresh_token"])

    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert _refresh(microsoft, first["refresh_token"])[0] == 400
    assert _refresh(microsoft, second["refresh_token"])[0] == 200


def test_a_person_who_has_to_come_back_is_told_of() -> None:
    """Refreshing is refused until then, in the words for it."""
    microsoft = Microsoft()
    _, tokens = _redeem(microsoft)
    microsoft.office.interaction_required.add(ADA)

    status, refused = _refresh(microsoft, tokens["refresh_token"])

    assert (status, refused["error"]) == (400, "interaction_required")
    assert refused["error_description"].startswith("AADSTS50076")


def test_a_missing_consent_of_the_administrator_is_told() -> None:
    """The application gets no code, and learns why."""
    microsoft = Microsoft()
    microsoft.office.needs_admin = True

    answer = _authorize(microsoft)

    told = parse_qs(urlsplit(answer.headers["location"]).query)
    assert told["error"] == ["consent_required"]
    assert told["state"] == ["s1"]
    assert "code" not in told


def test_a_person_can_say_no() -> None:
    """The application learns that, and no more."""
    answer = _authorize(Microsoft(), simulated_answer="deny")

    assert "error=access_denied" in answer.headers["location"]


def test_a_stranger_application_is_stopped() -> None:
    """Nothing is sent to an address that it names."""
    answer = _authorize(Microsoft(), client_id="stranger")

    assert answer.status == 400
    assert "location" not in answer.headers


def test_where_several_live_a_page_asks_who_it_is() -> None:
    """Its links name each of them."""
    microsoft = Microsoft()
    microsoft.world.settle("bo@example.com")

    answer = _authorize(microsoft)

    assert answer.status == 200
    assert b"bo@example.com" in answer.body


def test_a_refusal_can_be_injected() -> None:
    """The next refresh fails as if consent had ended."""
    microsoft = Microsoft()
    _, tokens = _redeem(microsoft)
    microsoft.world.faults.script([FaultKind.INVALID_GRANT])

    assert _refresh(microsoft, tokens["refresh_token"])[1]["error"] == "invalid_grant"


def test_microsoft_is_among_what_developers_are_served() -> None:
    """Its world answers at Microsoft's paths, and its settings name sign-in and Graph."""
    (provider,) = [each for each in PROVIDERS if each.name == "microsoft"]
    site = provider.site(provider.world(Microsoft().clock))

    assert site.answer(Asked("GET", "/v1.0/me")).status == 401
    named = provider.settings("http://127.0.0.1:1").keys()
    assert {"MICROSOFT_LOGIN_BASE_URL", "MICROSOFT_GRAPH_BASE_URL"} <= named
