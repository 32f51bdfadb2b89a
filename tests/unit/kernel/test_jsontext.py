"""Strict JSON takes what RFC 8259 allows and no more."""

import json
import math
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.jsontext import JSON, MAX_DEPTH, InvalidJSON, decode, encode

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**300), max_value=10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=5),
    max_leaves=30,
)


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.slow
@given(_VALUES)
def test_what_is_written_is_read_back(value: JSON) -> None:
    """Every value survives the round trip, with its types."""
    assert repr(decode(encode(value))) == repr(value)


@pytest.mark.slow
@given(_VALUES)
def test_what_is_written_is_compact_utf8(value: JSON) -> None:
    """No blanks are added and no letter is escaped that needs not be."""
    expected = json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    assert encode(value).decode() == expected


@given(st.binary())
def test_bytes_are_json_or_are_refused(text: bytes) -> None:
    """No input raises anything but a refusal, and what is taken can be written again."""
    try:
        value = decode(text)
    except InvalidJSON:
        return

    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value at line 1, column 1"),
        (b"{", "Expecting property name"),
        (b"[1,]", "at line 1, column"),
        (b"{'a': 1}", "Expecting property name"),
        (b"1 2", "Extra data at line 1, column 3"),
        (b"01", "Extra data"),
        (b'"\n"', "Invalid control character"),
        (b"NaN", "NaN is not a JSON number"),
        (b"[Infinity]", "Infinity is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not a JSON number"),
        (b"1e999", "a number is not finite"),
        (b"[-1e999]", "a number is not finite"),
        (b"9" * 5000, "too many digits"),
        (b'"\\ud800"', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b'"abc\xed\xa0\x80"', "byte 4 is not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (_nested(MAX_DEPTH + 1), "nested deeper than 64"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "nested deeper than 64"),
        (_nested(200_000), "nested too deep"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_not_json_is_refused_with_a_reason(text: bytes, reason: str) -> None:
    """Each kind of bad input has a reason of its own."""
    with pytest.raises(InvalidJSON) as refused:
        decode(text)

    assert reason in refused.value.detail


def test_the_deepest_allowed_value_is_taken() -> None:
    """The bound itself is inside."""
    assert encode(decode(_nested(MAX_DEPTH))) == _nested(MAX_DEPTH)


def test_a_reason_shows_nothing_of_the_text() -> None:
    """What a caller sends may be secret, so it is not in the message."""
    with pytest.raises(InvalidJSON) as refused:
        decode(b'{"password": hunter2}')

    assert "hunter2" not in str(refused.value)


def test_of_two_equal_names_the_last_one_counts() -> None:
    """RFC 8259 leaves it open; here it is the same on every store and driver."""
    assert decode(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("text", [b" 1 ", b"\t[]\r\n", b'"\\u0000"', b'"\\ud83d\\ude00"', b"-0.0"])
def test_what_the_rfc_allows_is_taken(text: bytes) -> None:
    """White space, escaped NUL, surrogate pairs and negative zero are JSON."""
    assert repr(decode(text)) == repr(json.loads(text))


def _circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "not finite"),
        ([math.inf], "not finite"),
        ({"a": -math.inf}, "not finite"),
        (10**5000, "too long"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": None}, "lone surrogate"),
        (Decimal(1), "no form for"),
        ([b"bytes"], "no form for"),
        ({1, 2}, "no form for"),
        (_circular(), "holds itself"),
    ],
    ids=[
        "NaN",
        "Infinity",
        "-Infinity",
        "long integer",
        "surrogate",
        "surrogate name",
        "decimal",
        "bytes",
        "set",
        "circle",
    ],
)
def test_what_json_cannot_say_is_not_written(value: object, reason: str) -> None:
    """Whatever slipped past the types is refused before it reaches a store or a driver."""
    with pytest.raises(InvalidJSON) as refused:
        encode(cast("JSON", value))

    assert reason in refused.value.detail
