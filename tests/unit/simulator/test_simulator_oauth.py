"""The simulated authorization server is as strict as real ones."""

import base64
import hashlib
from dataclasses import replace

import pytest

from sanderling.simulator.core.oauth import Ask, AuthorizationServer, Client, GrantRefused, Tokens
from support.simulated import small_world

VERIFIER = "a-verifier-of-forty-three-characters-or-more"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
HOME = "http://localhost/back"
ASK = Ask(Client().client_id, HOME, frozenset({"mail"}), CHALLENGE.decode(), "S256")


def _redeem(
    server: AuthorizationServer, code: str, *, verifier: str = VERIFIER, home: str = HOME
) -> Tokens:
    return server.redeem(code, client_id=ASK.client_id, redirect_uri=home, verifier=verifier)


def test_a_code_gives_tokens_of_the_person_who_allowed_it() -> None:
    """The access token stands for the person and the scopes that were asked for."""
    server = small_world().oauth

    tokens = _redeem(server, server.allow(ASK, "ada@example.com"))

    grant = server.grant(tokens.access_token)
    assert grant is not None
    assert (grant.email, grant.scopes) == ("ada@example.com", ASK.scopes)
    assert tokens.refresh_token


def test_a_code_is_good_once() -> None:
    """Whoever shows it a second time gets nothing."""
    server = small_world().oauth
    code = server.allow(ASK, "ada@example.com")
    _redeem(server, code)

    with pytest.raises(GrantRefused, match="Malformed"):
        _redeem(server, code)


def test_a_code_needs_its_verifier() -> None:
    """A thief of the code lacks it; so does who sends none."""
    server = small_world().oauth

    for wrong in ("", f"{VERIFIER}x"):
        with pytest.raises(GrantRefused) as refused:
            _redeem(server, server.allow(ASK, "ada@example.com"), verifier=wrong)
        assert refused.value.error == "invalid_grant"


def test_a_plain_challenge_is_its_own_answer() -> None:
    """The older method compares as it stands."""
    server = small_world().oauth
    plain = replace(ASK, challenge=VERIFIER, challenge_method="plain")

    assert _redeem(server, server.allow(plain, "ada@example.com")).access_token


def test_a_code_is_bound_to_its_address_and_time() -> None:
    """Another redirect address is refused, and so is a code after ten minutes."""
    world = small_world()
    server = world.oauth

    with pytest.raises(GrantRefused) as refused:
        _redeem(server, server.allow(ASK, "ada@example.com"), home="http://localhost/else")
    late = server.allow(ASK, "ada@example.com")
    world.clock.advance(601)

    assert refused.value.error == "redirect_uri_mismatch"
    with pytest.raises(GrantRefused, match="Malformed"):
        _redeem(server, late)


def test_who_asks_for_no_offline_access_gets_no_refresh_token() -> None:
    """Only an access token comes."""
    server = small_world().oauth

    assert not _redeem(
        server, server.allow(replace(ASK, is_offline=False), "ada@example.com")
    ).refresh_token


def test_an_access_token_ends_and_its_refresh_token_gives_another() -> None:
    """After an hour the old one is void; the refresh token stays where nothing rotates."""
    world = small_world()
    first = world.oauth.issue("ada@example.com", ASK.scopes)
    world.clock.advance(3600)

    renewed = world.oauth.renew(first.refresh_token, client_id=ASK.client_id)

    assert world.oauth.grant(first.access_token) is None
    assert world.oauth.grant(renewed.access_token)
    assert renewed.refresh_token == ""
    assert world.oauth.renew(first.refresh_token, client_id=ASK.client_id).access_token


def test_rotation_makes_the_old_refresh_token_void() -> None:
    """Only the newest one is good."""
    server = small_world().oauth
    server.policy.rotates = True
    first = server.issue("ada@example.com", ASK.scopes)

    renewed = server.renew(first.refresh_token, client_id=ASK.client_id)

    with pytest.raises(GrantRefused, match="expired or revoked"):
        server.renew(first.refresh_token, client_id=ASK.client_id)
    assert server.renew(renewed.refresh_token, client_id=ASK.client_id).access_token


def test_what_was_revoked_is_void() -> None:
    """Access and refresh token end together, by either token or by the person."""
    server = small_world().oauth
    by_token = server.issue("ada@example.com", ASK.scopes)
    by_person = server.issue("ada@example.com", ASK.scopes)

    assert server.revoke(by_token.refresh_token)
    assert server.revoke_person("ada@example.com") == 1

    for tokens in (by_token, by_person):
        assert server.grant(tokens.access_token) is None
        with pytest.raises(GrantRefused, match="revoked"):
            server.renew(tokens.refresh_token, client_id=ASK.client_id)
    assert not server.revoke(by_token.access_token)
    assert not server.revoke("unknown")


def test_other_applications_and_wider_scopes_are_refused() -> None:
    """A refresh token is good for its own application and its own scopes."""
    server = small_world().oauth
    tokens = server.issue("ada@example.com", ASK.scopes)

    with pytest.raises(GrantRefused, match="Unauthorized"):
        server.renew(tokens.refresh_token, client_id="other")
    with pytest.raises(GrantRefused, match="scopes"):
        server.renew(tokens.refresh_token, client_id=ASK.client_id, scopes=frozenset({"calendar"}))
