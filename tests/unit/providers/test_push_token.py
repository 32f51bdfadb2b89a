"""A notification of Gmail is believed by a token of Google for us, and by nothing else."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.providers.google.push_token import ISSUERS, Expected, PushTokens, check_claims
from jobs.sync.faults import Temporary
from sanderling.kernel.clock import VirtualClock
from sanderling.vault import SignerKeys, TokenRefused, read_signer_keys
from support.signer import (
    AUDIENCE,
    EMAIL,
    claims,
    head,
    key_set,
    signed,
    signed_symmetrically,
    unsigned,
)

EXPECTED = Expected(AUDIENCE, EMAIL)
NOW = VirtualClock().now()


class Kept:
    """Keys that are there, or away."""

    def __init__(self, *, is_away: bool = False) -> None:
        """Know one key."""
        self.is_away = is_away
        self.asked = 0

    async def having(self, key_id: str) -> SignerKeys:
        """Return the keys."""
        assert key_id
        self.asked += 1
        if self.is_away:
            raise Temporary("they are away")
        return read_signer_keys(key_set())


@pytest.fixture
def tokens() -> PushTokens:
    """Return who checks tokens."""
    return PushTokens(Kept().having, VirtualClock())


async def test_a_token_of_google_for_us_holds(tokens: PushTokens) -> None:
    """Nothing is returned: there is nothing in it to be used."""
    await tokens.check(signed(claims(NOW)), EXPECTED)
    await tokens.check(signed(claims(NOW, iss="accounts.google.com")), EXPECTED)


ATTACKS: Mapping[str, tuple[str, str]] = {
    "unsigned": (unsigned(claims(NOW)), "base64url"),
    "no token": ("", "three parts"),
    "HS256": (signed_symmetrically(claims(NOW)), "RS256"),
    "alg none, signed": (signed(claims(NOW), says=head(alg="none")), "RS256"),
    "a stranger's key": (signed(claims(NOW), by="a stranger's"), "signature"),
    "another issuer": (signed(claims(NOW, iss="https://evil.example")), "issue"),
    "no issuer": (signed(claims(NOW, iss=None)), "issue"),
    "another audience": (signed(claims(NOW, aud="https://else.test/push/gmail")), "address"),
    "audiences": (signed(claims(NOW, aud=[AUDIENCE])), "address"),
    "no audience": (signed(claims(NOW, aud=None)), "address"),
    "a longer audience": (signed(claims(NOW, aud=f"{AUDIENCE}/")), "address"),
    "another account": (signed(claims(NOW, email="eve@evil.example")), "service account"),
    "an account in capitals": (signed(claims(NOW, email=EMAIL.upper())), "service account"),
    "no account": (signed(claims(NOW, email=None)), "service account"),
    "unverified": (signed(claims(NOW, email_verified=False)), "service account"),
    "verified in words": (signed(claims(NOW, email_verified="true")), "service account"),
    "expired": (signed(claims(NOW - timedelta(minutes=62))), "passed"),
    "made later": (signed(claims(NOW + timedelta(minutes=2))), "yet to come"),
    "for years": (signed(claims(NOW, exp=NOW.timestamp() + 9e8)), "yet to come"),
    "without an end": (signed(claims(NOW, exp=None)), "how long"),
    "without a beginning": (signed(claims(NOW, iat=None)), "how long"),
    "an end in words": (signed(claims(NOW, exp="tomorrow")), "how long"),
    "an end that is true": (signed(claims(NOW, exp=True)), "how long"),
    "an end past all numbers": (signed(claims(NOW, exp=10**400)), "how long"),
}
"""A token each, and a word of why it is refused."""


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_forged_token_is_refused(tokens: PushTokens, attack: str) -> None:
    """Each attack by its own reason, which repeats nothing of the token."""
    token, words = ATTACKS[attack]

    with pytest.raises(TokenRefused, match=words) as refused:
        await tokens.check(token, EXPECTED)

    assert "evil" not in str(refused.value)


@pytest.mark.parametrize("skew_s", [-50, 0, 50])
async def test_clocks_may_differ_a_little(tokens: PushTokens, skew_s: int) -> None:
    """A token just made by a clock ahead, or just expired by ours, holds."""
    ahead = claims(NOW + timedelta(seconds=skew_s))
    just_ended = claims(NOW - timedelta(seconds=3600 + skew_s))

    await tokens.check(signed(ahead), EXPECTED)
    await tokens.check(signed(just_ended), EXPECTED)


@pytest.mark.parametrize("expected", [Expected(AUDIENCE, ""), Expected("", EMAIL)])
async def test_where_nobody_is_named_nobody_is_believed(expected: Expected) -> None:
    """A setting that is missing lets in no token, not every one, and asks for no keys."""
    kept = Kept()

    for email, audience in ((EMAIL, AUDIENCE), ("", ""), (None, None)):
        token = signed(claims(NOW, email=email, aud=audience))
        with pytest.raises(TokenRefused):
            await PushTokens(kept.having, VirtualClock()).check(token, expected)

    assert kept.asked == 0


async def test_without_keys_nobody_is_believed() -> None:
    """The sender is asked to come again."""
    with pytest.raises(Temporary):
        await PushTokens(Kept(is_away=True).having, VirtualClock()).check(
            signed(claims(NOW)), EXPECTED
        )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(claims(NOW))), value=anything)
def test_no_claim_can_be_anything(name: str, value: object) -> None:
    """What is claimed in another form than Google's is refused in words, or changes nothing."""
    said = claims(NOW)
    is_checked = name not in {"azp", "sub"}

    try:
        check_claims(said | {name: value}, EXPECTED, NOW)
    except TokenRefused:
        assert is_checked
        assert value != said[name]
    else:
        assert not is_checked or name in {"iat", "exp"} or value in (said[name], *ISSUERS)
