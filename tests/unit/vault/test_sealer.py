"""A sealed secret opens with its key, at its place, unchanged, or not at all."""

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SealingRefused, SecretUnreadableError
from config.ports import SecretPlace
from config.secrets import secret_place
from sanderling.vault import AESGCMSealer, ClosedSealer, Keyring

OLD = "an old secret that was in use: 1"
NEW = "the secret that came after it: 2"
PLACE = secret_place("AUTH_GOOGLE_CLIENT_SECRET")


def sealer(secret: str, *previous: str) -> AESGCMSealer:
    """Return a sealer under these secrets."""
    return AESGCMSealer(Keyring.of(secret, previous), secrets.token_bytes)


@given(value=st.text())
def test_a_value_survives_a_rotation(value: str) -> None:
    """What the old key sealed opens beside the new one, and is not current any more."""
    sealed = sealer(OLD).seal(value, PLACE)
    rotating = sealer(NEW, OLD)

    assert rotating.open(sealed, PLACE) == value
    assert not rotating.is_current(sealed)
    assert rotating.is_current(rotating.seal(value, PLACE))


@given(value=st.text())
def test_a_stranger_opens_nothing(value: str) -> None:
    """Another instance, or one that lost its old secret, is told which key is missing."""
    sealed = sealer(OLD).seal(value, PLACE)

    with pytest.raises(SecretUnreadableError, match="is not known here") as refused:
        sealer(NEW).open(sealed, PLACE)

    assert "AUTH_GOOGLE_CLIENT_SECRET" in str(refused.value)


@given(value=st.text(min_size=1), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(value: str, at: int, bit: int) -> None:
    """No change of the envelope, wherever it is, opens to any value."""
    one = sealer(OLD)
    sealed = one.seal(value, PLACE)
    at %= len(sealed)
    changed = sealed[:at] + chr(ord(sealed[at]) ^ (1 << bit)) + sealed[at + 1 :]

    with pytest.raises(SecretUnreadableError):
        one.open(changed, PLACE)


places = st.builds(SecretPlace, *[st.text(max_size=3)] * 3)


@given(one=places, other=places)
def test_no_two_places_are_one(one: SecretPlace, other: SecretPlace) -> None:
    """However odd the names of table, row and column are, a secret cannot be moved."""
    here = sealer(OLD)
    sealed = here.seal("value", one)

    if one == other:
        assert here.open(sealed, other) == "value"
    else:
        with pytest.raises(SecretUnreadableError):
            here.open(sealed, other)


@given(st.text(alphabet="sealedv1:0123456789abcdefAB-_=\n"))
def test_any_text_is_refused_in_the_same_way(text: str) -> None:
    """Garbage in the database is one known fault, never another error."""
    with pytest.raises(SecretUnreadableError):
        sealer(OLD).open("sealed:v1:" + text, PLACE)


def test_an_envelope_cannot_claim_another_key() -> None:
    """The id of the key is sealed as well: a fall-back to a weaker key is not to be had."""
    rotating = sealer(NEW, OLD)
    sealed = rotating.seal("value", PLACE)
    old_id = Keyring.of(OLD).current.id
    forged = sealed.replace(Keyring.of(NEW).current.id, old_id)

    with pytest.raises(SecretUnreadableError):
        rotating.open(forged, PLACE)


def test_fingerprints_need_the_key() -> None:
    """Who knows a value and no key cannot tell whether it is the one that is kept."""
    assert sealer(OLD).fingerprint("value", PLACE) != sealer(NEW).fingerprint("value", PLACE)
    assert sealer(NEW, OLD).fingerprint("value", PLACE) == sealer(NEW).fingerprint("value", PLACE)


def test_a_sealer_shows_no_key() -> None:
    """Only the id of its key is in its repr."""
    assert repr(sealer(OLD)) == f"AESGCMSealer('{Keyring.of(OLD).current.id}')"


def test_without_a_key_nothing_is_sealed_or_opened() -> None:
    """A missing APP_SECRET is named by everything that would need it, and nothing goes on raw."""
    closed = ClosedSealer("APP_SECRET is not set")
    sealed = sealer(OLD).seal("value", PLACE)

    with pytest.raises(SealingRefused, match="APP_SECRET is not set"):
        closed.seal("value", PLACE)
    with pytest.raises(SealingRefused, match="APP_SECRET is not set"):
        closed.fingerprint("value", PLACE)
    with pytest.raises(SecretUnreadableError, match="APP_SECRET is not set"):
        closed.open(sealed, replace(PLACE))
    assert not closed.is_current(sealed)
