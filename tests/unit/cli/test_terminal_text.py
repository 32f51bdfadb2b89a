"""What strangers wrote cannot steer a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.cli.terminal_text import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("over\rwrite\b", "over\\rwrite\\x08"),
        ("Grüße 名前 🐦", "Grüße 名前 🐦"),
        ("abc\u202edcb", "abc\\u202edcb"),
        ("lone \ud800", "lone \\ud800"),
        ("\x9b2J", "\\x9b2J"),
    ],
)
def test_steering_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    """Letters stay; what moves, colours or reorders is written out."""
    assert visible(text) == shown


@given(st.text(st.characters()))
def test_nothing_shown_can_steer(text: str) -> None:
    """Of control, format and surrogate characters only line feeds and tabs are left."""
    steering = {c for c in visible(text) if unicodedata.category(c) in {"Cc", "Cf", "Cs"}}

    assert steering <= {"\n", "\t"}
    visible(text).encode()
