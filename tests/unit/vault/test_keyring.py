"""Keys come from the APP_SECRET alone, and a weak one makes none."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SealingRefused
from sanderling.vault import Keyring

GOOD = "the-quick-brown-fox-jumps-over-1"


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("replace_me_with_a_random_string", "an example"),
        ("REPLACE-ME-WITH-A-RANDOM-STRING-0123456789", "an example"),
        ("Please change me before production, 1234", "an example"),
        ("", "shorter than 32"),
        (GOOD[:-1], "shorter than 32"),
        ("ab" * 20, "fewer than 10"),
    ],
)
def test_a_secret_that_others_may_guess_makes_no_keys(secret: str, why: str) -> None:
    """The refusal says what is wrong and shows nothing of the secret."""
    with pytest.raises(SealingRefused, match=why) as refused:
        Keyring.of(secret)

    assert not secret or secret not in str(refused.value)


@given(st.binary(min_size=32, max_size=32))
def test_a_random_secret_makes_keys(random: bytes) -> None:
    """Whatever `init` or openssl may draw is taken, unless it is hardly random."""
    if len(set(random.hex())) >= 10:
        assert Keyring.of(random.hex()).current.sealing


def test_equal_secrets_make_equal_keys() -> None:
    """Each process derives the same keys by itself."""
    assert Keyring.of(GOOD) == Keyring.of(GOOD)


def test_keys_differ_by_secret_and_by_purpose() -> None:
    """Nothing that is derived shows, or is, anything else."""
    one, other = Keyring.of(GOOD).current, Keyring.of(GOOD + "!").current

    parts = {one.sealing, one.fingerprinting, other.sealing, other.fingerprinting}
    assert len(parts) == 4
    assert one.id != other.id


def test_a_weak_secret_may_be_left_behind() -> None:
    """An instance that began with a weak secret opens its values once more, to seal them anew."""
    keyring = Keyring.of(GOOD, ["short"])

    assert [keyring.find(key.id) for key in keyring.previous] == [*keyring.previous]


def test_an_unknown_key_is_not_found() -> None:
    """Nobody opens with a key that merely resembles."""
    assert Keyring.of(GOOD).find("00000000") is None


def test_keys_are_not_shown() -> None:
    """A traceback or a log line that shows a keyring shows its id and no key."""
    secret = secrets.token_urlsafe(32)
    keyring = Keyring.of(secret, [GOOD])
    shown = repr(keyring)

    assert keyring.current.id in shown
    assert secret not in shown
    assert repr(keyring.current.sealing) not in shown
    assert repr(keyring.current.fingerprinting) not in shown
