"""What a handler may return."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.guest.language.result import MAX_DEPTH, BadResult, encode_result

STRICT = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
)


@given(STRICT)
def test_strict_json_survives_the_way(value: Any) -> None:
    """Everything that is strict JSON reads back equal."""
    assert json.loads(encode_result(value)) == value


def test_tuple_becomes_a_list() -> None:
    """A tuple is written as a list."""
    assert encode_result({"a": (1, (2,))}) == b'{"a":[1,[2]]}'


class Text(str):
    """A subclass that could answer differently each time."""

    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "result is not a finite number"),
        ({"a": [1, float("inf")]}, "result['a'][1] is not a finite number"),
        ({1: 2}, "result has a key of type int; keys must be text"),
        ({True: 1, "true": 2}, "result has a key of type bool"),
        ({Text("a"): 1}, "result has a key of type Text"),
        ([{"\ud800": 1}], "result[0] has a key with a lone surrogate"),
        (["\ud800"], "result[0] holds a lone surrogate"),
        (2**8192, "result is an integer of more than 8192 bits"),
        (-(2**8193), "result is an integer of more than 8192 bits"),
        ({1, 2}, "result is of type set, which is not JSON; return sorted(value)"),
        (b"", "result is of type bytes, which is not JSON; return base64"),
        (Text("a"), "result is of type Text, which is not JSON; return str(value)"),
        (len, "result is of type builtin_function_or_method"),
        (object(), "result is of type object, which is not JSON; return plain text"),
    ],
)
def test_other_values_are_refused_with_their_place(value: object, message: str) -> None:
    """The message has the path, the type and a way out."""
    with pytest.raises(BadResult) as refused:
        encode_result(value)

    assert str(refused.value).startswith(message)


def test_depth_is_bounded_exactly() -> None:
    """The limit itself passes, one more does not, and a list in itself is refused."""
    value: list[Any] = []
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    encode_result(value)
    endless: list[Any] = []
    endless.append(endless)

    for deep in ([value], endless, {"a": endless}):
        with pytest.raises(BadResult, match="nested deeper than 64 levels"):
            encode_result(deep)


@given(
    st.recursive(
        st.none() | st.floats() | st.text() | st.binary(),
        lambda x: st.lists(x) | st.dictionaries(st.text() | st.integers(), x),
    )
)
def test_any_value_passes_or_is_refused(value: Any) -> None:
    """Whatever comes back is encoded or refused, and never anything else."""
    try:
        encoded = encode_result(value)
    except BadResult:
        return
    assert json.loads(encoded) == value
