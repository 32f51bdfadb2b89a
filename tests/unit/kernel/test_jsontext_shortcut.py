"""Decoding looks twice only where it must, and decides as if it always did."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sanderling.kernel.jsontext import JSON, InvalidJSON, decode, encode

_LOOSE = st.recursive(
    st.none()
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.text("\ud800\udc00\\u", max_size=5)
    | st.sampled_from(["1e999", "-1E+400", "1" * 400 + ".0", "\\ud800", "0e99999"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@st.composite
def _texts(draw: st.DrawFn) -> bytes:
    """Draw the text of a value that may break any rule, numbers in odd spellings included."""
    text = json.dumps(draw(_LOOSE), ensure_ascii=draw(st.booleans()))
    for odd in ("1e999", "-1E+400", "1" * 400 + ".0", "0e99999"):
        text = text.replace(f'"{odd}"', odd)
    depth = draw(st.sampled_from([0, 0, 60, 64, 65, 80]))
    return ("[" * depth + text + "]" * depth).encode(errors="surrogatepass")


def _looked_at_twice(text: bytes) -> JSON:
    """Return what plain JSON reads, if it can be written under every rule."""
    if text.startswith(b"\xef\xbb\xbf"):
        raise InvalidJSON(reason="BOM")
    try:
        value: JSON = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise InvalidJSON(reason="not JSON") from error
    encode(value)
    return value


@pytest.mark.slow
@given(_texts() | st.binary(max_size=20))
@example(b'"\\uD800"')
@example(b'{"\\ud83d\\ude00": 1e308}')
def test_the_shortcut_takes_what_the_long_way_takes(text: bytes) -> None:
    """The same texts are refused, and the rest give the same value."""
    try:
        expected = repr(_looked_at_twice(text))
    except InvalidJSON:
        with pytest.raises(InvalidJSON):
            decode(text)
    else:
        assert repr(decode(text)) == expected
