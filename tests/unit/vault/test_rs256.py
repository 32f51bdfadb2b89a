"""What a signer signed is told as it was signed; everything else is refused."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.vault import SignerKeys, TokenRefused, key_id_of, read_signer_keys, verify_rs256
from support.signer import (
    KEY_ID,
    encoded,
    head,
    key_set,
    public_key,
    signed,
    signed_symmetrically,
    signed_text,
    unsigned,
)

SAID = {"email": "a@b.example"}
LETTERS = string.ascii_letters + string.digits + "-_.=+/ "


@pytest.fixture(scope="module")
def keys() -> SignerKeys:
    """Return the signer's keys."""
    return read_signer_keys(key_set())


claims = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    max_size=5,
)


@given(said=claims)
def test_what_was_signed_is_told(keys: SignerKeys, said: dict[str, object]) -> None:
    """Claims come back as they were signed, and the token names its key before that."""
    token = signed(said)

    assert verify_rs256(token, keys) == said
    assert key_id_of(token) == KEY_ID


@given(at=st.integers(0, 10_000), letter=st.sampled_from(LETTERS))
def test_no_changed_letter_passes(keys: SignerKeys, at: int, letter: str) -> None:
    """A token has one spelling: whichever letter is another one, it does not hold."""
    token = signed(SAID)
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]

    if changed == token:
        return
    with pytest.raises(TokenRefused):
        verify_rs256(changed, keys)


@given(text=st.text() | st.text(LETTERS) | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]*"))
def test_any_text_is_refused_in_words(keys: SignerKeys, text: str) -> None:
    """Nothing that a stranger sends does anything but be refused."""
    with pytest.raises(TokenRefused):
        verify_rs256(text, keys)


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", "HS256", "ES256", "RS512"])
def test_a_token_without_a_signature_is_refused(keys: SignerKeys, algorithm: str) -> None:
    """However the word for it is written."""
    with pytest.raises(TokenRefused):
        verify_rs256(unsigned(SAID, algorithm), keys)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "RS512", "PS256", None, ["RS256"]])
def test_a_token_does_not_choose_how_it_is_checked(keys: SignerKeys, algorithm: object) -> None:
    """A good signature under another algorithm's name is refused for the name."""
    with pytest.raises(TokenRefused, match="not signed with RS256"):
        verify_rs256(signed(SAID, says=head(alg=algorithm)), keys)


def test_a_public_key_is_no_shared_secret(keys: SignerKeys) -> None:
    """The oldest attack: HS256 over the key that everybody may read."""
    with pytest.raises(TokenRefused, match="not signed with RS256"):
        verify_rs256(signed_symmetrically(SAID), keys)


def test_another_signers_key_does_not_count(keys: SignerKeys) -> None:
    """It signs under the right name, and the signature does not hold."""
    with pytest.raises(TokenRefused, match="signature does not hold"):
        verify_rs256(signed(SAID, by="a stranger's"), keys)


def test_an_unknown_key_is_told_as_such(keys: SignerKeys) -> None:
    """Its name is not repeated."""
    token = signed(SAID, by="new", says=head(kid="new"))

    with pytest.raises(TokenRefused, match="does not have") as refused:
        verify_rs256(token, keys)

    assert key_id_of(token) == "new"
    assert "new" not in str(refused.value)


@pytest.mark.parametrize(
    "brought",
    [
        {"jwk": public_key("a stranger's")},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/keys"},
        {"x5c": ["MIIB"]},
    ],
)
def test_a_token_does_not_bring_its_own_key(keys: SignerKeys, brought: dict[str, object]) -> None:
    """What it says of where its key is to be found is not looked at."""
    with pytest.raises(TokenRefused, match="signature does not hold"):
        verify_rs256(signed(SAID, by="a stranger's", says=head(**brought)), keys)


@pytest.mark.parametrize(
    "says",
    [head(crit=["exp"]), head(kid=None), head(kid=7), {"alg": "RS256"}, [], "RS256", None],
)
def test_a_head_that_cannot_be_followed_is_refused(keys: SignerKeys, says: object) -> None:
    """What is critical and unknown, and what names no key."""
    token = ".".join(encoded(json.dumps(part).encode()) for part in (says, SAID))

    with pytest.raises(TokenRefused):
        verify_rs256(f"{token}.{encoded(b'x' * 256)}", keys)


@pytest.mark.parametrize(
    "text",
    [
        b'{"email":"a@b.example","email":"c@d.example"}',
        b'{"exp":NaN}',
        b'{"exp":' + b"9" * 5000 + b"}",
        b"[" * 3000,
        b"\xff",
        b'"text"',
        b"",
    ],
    ids=["twice", "nan", "many digits", "deep", "no text", "no object", "empty"],
)
def test_claims_that_two_readers_may_read_apart_are_refused(keys: SignerKeys, text: bytes) -> None:
    """Also when the right key signed them."""
    with pytest.raises(TokenRefused):
        verify_rs256(signed_text(text), keys)


def test_a_token_of_any_length_costs_nothing(keys: SignerKeys) -> None:
    """What is too long is refused before any of it is read."""
    with pytest.raises(TokenRefused, match="too long"):
        verify_rs256(signed({"padding": "x" * 9000}), keys)


@pytest.mark.parametrize(
    "key",
    [
        public_key(KEY_ID, 1024),
        public_key(KEY_ID, kty="EC"),
        public_key(KEY_ID, alg="RS512"),
        public_key(KEY_ID, use="enc"),
        public_key(KEY_ID, e="AQ"),
        public_key(KEY_ID, n="AA"),
        public_key(KEY_ID, n=7),
        public_key(KEY_ID, n="not base64url!"),
        public_key(KEY_ID, kid=7),
        public_key(KEY_ID, kid=""),
        None,
        "text",
    ],
)
def test_a_key_that_proves_nothing_is_left_out(key: object) -> None:
    """The others of the set are read; no key of few bits, and none for another use, is."""
    assert list(read_signer_keys({"keys": [key, public_key("good")]}).by_id) == ["good"]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": "text"}, {"keys": {}}])
def test_what_is_no_key_set_has_no_keys(document: dict[str, object]) -> None:
    """Then every token is refused."""
    assert not read_signer_keys(document)


def test_a_key_set_without_end_is_cut_off() -> None:
    """Each key costs time to read."""
    endless = {"keys": [public_key(KEY_ID, kid=str(number)) for number in range(100)]}

    assert len(read_signer_keys(endless)) == 32
