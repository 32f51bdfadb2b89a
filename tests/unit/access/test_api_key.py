"""The text of API keys: one key, one text, and no other text is a key."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.access.api_key import APIKey, format_key, new_secret, parse_key
from sanderling.access.errors import KeyMalformed
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import SortableIds

BASE_62 = string.digits + string.ascii_letters


def a_key(id_bits: int, secret_bits: int) -> APIKey:
    """Return the key that these random bits make."""
    ids = SortableIds(VirtualClock(), lambda _count: id_bits)
    return APIKey(ids.key(), new_secret(secret_bits))


keys = st.builds(a_key, st.integers(0, 2**80 - 1), st.integers(0, 2**256 - 1))


@given(key=keys)
def test_a_key_reads_back(key: APIKey) -> None:
    """What was formatted is parsed to the same key."""
    text = format_key(key)

    assert parse_key(text) == key
    assert text.startswith("sdl_")
    assert len(text) == 79


@given(key=keys, data=st.data())
def test_a_changed_character_is_noticed(key: APIKey, data: st.DataObject) -> None:
    """One character typed wrong anywhere makes a key malformed, never another key."""
    text = format_key(key)
    index = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from(BASE_62).filter(lambda char: char != text[index]))

    with pytest.raises(KeyMalformed):
        parse_key(text[:index] + wrong + text[index + 1 :])


@given(key=keys, data=st.data())
def test_two_swapped_characters_are_noticed(key: APIKey, data: st.DataObject) -> None:
    """Neighbours that changed places make a key malformed."""
    text = format_key(key)
    index = data.draw(
        st.sampled_from([at for at in range(len(text) - 1) if text[at] != text[at + 1]])
    )

    with pytest.raises(KeyMalformed):
        parse_key(text[:index] + text[index + 1] + text[index] + text[index + 2 :])


@given(text=st.text(max_size=100))
def test_any_text_is_a_key_or_malformed(text: str) -> None:
    """No text makes parsing fail in another way."""
    with pytest.raises(KeyMalformed):
        parse_key(text)


@pytest.mark.slow
@given(key=keys)
@pytest.mark.parametrize("around", [" {}", "{}\n", "{}0", "Bearer {}", "{}\0", "\ufeff{}"])
def test_nothing_may_stand_around_a_key(key: APIKey, around: str) -> None:
    """A key is the whole text."""
    with pytest.raises(KeyMalformed):
        parse_key(around.format(format_key(key)))


def test_known_answers() -> None:
    """Keys that people hold stay valid: the format does not change by accident."""
    key = a_key(5, 2**256 - 1)

    assert format_key(key) == (
        "sdl_01KDVDNA000000000000000005yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11ovKhR"
    )


@given(key=keys)
def test_a_key_shows_no_secret(key: APIKey) -> None:
    """What is printed by accident is the id; what is kept is a digest and four characters."""
    assert key.secret not in repr(key)
    assert key.secret.encode() not in key.digest
    assert key.secret.endswith(key.hint)
    assert len(key.hint) == 4
