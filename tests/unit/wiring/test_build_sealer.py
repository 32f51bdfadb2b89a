"""The settings choose what seals secrets."""

import pytest

from config.errors import SealingRefused
from config.secrets import secret_place
from sanderling.wiring.sealer import build_sealer

PLACE = secret_place("EMAIL_SMTP_PASSWORD")
SECRET = "the-quick-brown-fox-jumps-over-1"


def test_a_secret_seals_and_an_earlier_one_opens() -> None:
    """A rotation needs nothing but both secrets in the environment."""
    sealed = build_sealer(SECRET[::-1]).seal("value", PLACE)

    assert build_sealer(SECRET, [SECRET[::-1]]).open(sealed, PLACE) == "value"


@pytest.mark.parametrize(
    ("secret", "why"),
    [(None, "is not set"), ("replace_me_with_a_random_string", "is an example")],
)
def test_a_process_without_a_key_starts_and_says_so(secret: str | None, why: str) -> None:
    """An instance that keeps no secret runs without a key; one that wants to is told."""
    sealer = build_sealer(secret)

    with pytest.raises(SealingRefused, match=why):
        sealer.seal("value", PLACE)
