"""Answers are read as the standard library reads them, whichever reader does it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.providers.answer import Answer, AnswerOutOfBounds
from jobs.sync.faults import Temporary

_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


def _fields(body: bytes) -> dict[str, object]:
    return Answer(200, {}, body).fields()


@given(st.dictionaries(st.text(max_size=10), _values, max_size=5), st.booleans())
def test_every_object_is_read_the_same(value: dict[str, object], is_escaped: bool) -> None:  # noqa: FBT001 - hypothesis gives it by position.
    """What is in an answer is what was put in, whether its characters are escaped or not."""
    body = json.dumps(value, ensure_ascii=is_escaped).encode()

    read = _fields(body)

    assert read == json.loads(body)
    assert list(map(type, read.values())) == list(map(type, json.loads(body).values()))


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"a": 123456789012345678901234567890}',
        b'{"a": 1, "a": 2}',
        b'{"a": 1e400}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": "\u00e9"}'.encode("utf-16"),
    ],
)
def test_what_one_reader_refuses_the_other_reads(body: bytes) -> None:
    """What is rare and legal comes through all the same, to the same value."""
    assert _fields(body) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"a": 1', Temporary),
        (b"<html>", Temporary),
        (b"[1]", Temporary),
        (b'{"a": "' + b"\x00" + b'"}', Temporary),
        (b'{"a": ' + b"[" * 100_000, AnswerOutOfBounds),
    ],
)
def test_what_is_no_object_is_refused_by_both(body: bytes, fault: type[Temporary]) -> None:
    """Whatever is cut off, too deep or something else is told as before."""
    with pytest.raises(fault):
        _fields(body)
