"""What every sealer promises."""

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SecretUnreadableError
from config.memory import MemorySealer
from config.ports import Sealer, SecretPlace
from config.secrets import secret_place
from sanderling.vault import AESGCMSealer, Keyring

PLACE = secret_place("EMAIL_SMTP_PASSWORD")
VALUE = "correct horse battery staple"

_KEYRING = Keyring.of("the-quick-brown-fox-jumps-over-1")

_SEALERS: dict[str, Sealer] = {
    "memory": MemorySealer(secrets.randbits),
    "aes-gcm": AESGCMSealer(_KEYRING, secrets.token_bytes),
}


@pytest.fixture(params=_SEALERS)
def sealer(request: pytest.FixtureRequest) -> Sealer:
    """Return a sealer of each kind in turn; they keep no state that a test could spoil."""
    return _SEALERS[request.param]


@pytest.mark.parametrize("kind", _SEALERS)
@given(value=st.text(), row=st.text())
def test_every_value_comes_back(kind: str, value: str, row: str) -> None:
    """Any text opens again where it was sealed."""
    sealer, place = _SEALERS[kind], replace(PLACE, row=row)

    assert sealer.open(sealer.seal(value, place), place) == value


def test_a_sealed_text_gives_nothing_away(sealer: Sealer) -> None:
    """It is printable ASCII without the value, and equal values look different each time."""
    first, second = sealer.seal(VALUE, PLACE), sealer.seal(VALUE, PLACE)

    assert first != second
    assert first.isascii()
    assert first.isprintable()
    assert VALUE not in first + second


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, table="roles"),
        replace(PLACE, row="EMAIL_SMTP_USER"),
        replace(PLACE, column="other"),
        SecretPlace(table="configE", row="MAIL_SMTP_PASSWORD", column="value"),
    ],
)
def test_a_sealed_text_opens_at_its_own_place_alone(sealer: Sealer, elsewhere: SecretPlace) -> None:
    """Whoever can write to the database cannot move a secret to where it is shown."""
    sealed = sealer.seal(VALUE, PLACE)

    with pytest.raises(SecretUnreadableError) as refused:
        sealer.open(sealed, elsewhere)

    assert VALUE not in str(refused.value)


@pytest.mark.parametrize("text", ["", VALUE, "memory:0", "enc:v1:AAAA", "é", "\0"])
def test_what_was_never_sealed_is_not_passed_on(sealer: Sealer, text: str) -> None:
    """A raw value in the place of a sealed one is loud, and is never used as it is."""
    with pytest.raises(SecretUnreadableError):
        sealer.open(text, PLACE)

    assert not sealer.is_current(text)


def test_a_changed_text_does_not_open(sealer: Sealer) -> None:
    """Each character counts."""
    sealed = sealer.seal(VALUE, PLACE)
    changed = [
        sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        for place in range(len(sealed))
    ]

    for text in (*changed, sealed[:-1], sealed + "A"):
        with pytest.raises(SecretUnreadableError):
            sealer.open(text, PLACE)


def test_what_was_sealed_now_is_current(sealer: Sealer) -> None:
    """Only what an earlier key sealed has to be sealed anew."""
    assert sealer.is_current(sealer.seal(VALUE, PLACE))


def test_fingerprints_tell_values_and_places_apart(sealer: Sealer) -> None:
    """Equal values are seen to be equal, in one place alone."""
    marks = {
        sealer.fingerprint(VALUE, PLACE),
        sealer.fingerprint(VALUE + " ", PLACE),
        sealer.fingerprint("", PLACE),
        sealer.fingerprint(VALUE, replace(PLACE, row="EMAIL_SMTP_USER")),
    }

    assert len(marks) == 4
    assert sealer.fingerprint(VALUE, PLACE) in marks
    assert all(len(mark) == 16 and int(mark, 16) >= 0 for mark in marks)
