"""What strangers wrote cannot steer a terminal."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.cli.terminal_text import visible, visible_json


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


@given(st.recursive(st.text(st.characters()), st.lists, max_leaves=4))
def test_json_shown_cannot_steer_and_says_the_same(value: object) -> None:
    """`--json` writes steering characters as JSON's escapes, C1 and bidirectional ones too."""
    shown = visible_json(json.dumps(value, indent=2, ensure_ascii=False))

    steering = {c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert steering <= {"\n"}
    assert json.loads(shown.encode()) == value


@pytest.mark.parametrize("character", ["\x7f", "\x9b", "\u202e", "\u2028", "\ud800", "\U000e0001"])
def test_json_shown_escapes_what_json_would_leave(character: str) -> None:
    """The characters that JSON allows in text and terminals obey are escaped."""
    shown = visible_json(json.dumps(f"a{character}é", ensure_ascii=False))

    assert character not in shown
    assert "é" in shown
    assert json.loads(shown) == f"a{character}é"
