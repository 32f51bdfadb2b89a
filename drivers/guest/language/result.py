"""The result wall: what a handler returned becomes strict JSON, or says why it cannot.

Exact types only, because a subclass could answer differently each time it is asked.
"""

# What user code made has no known type.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

from drivers.guest.notation import encode

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MAX_DEPTH = 64
MAX_INT_BITS = 8192
_MAX_KEY = 60
_MAX_NAME = 100
_LEAVES = frozenset((str, float, bool, type(None)))
_TEXT = frozenset((str,))
_MOST = 1 << MAX_INT_BITS
_LEAST = -_MOST
_HINTS = {
    "Decimal": "return str(value) or float(value)",
    "Fraction": "return str(value) or float(value)",
    "UUID": "return str(value)",
    "bytes": "return base64.b64encode(value).decode()",
    "builtin_function_or_method": "call it: add ()",
    "date": "return value.isoformat()",
    "datetime": "return value.isoformat()",
    "dict_items": "return dict(value)",
    "dict_keys": "return list(value)",
    "dict_values": "return list(value)",
    "filter": "return list(value)",
    "frozenset": "return sorted(value)",
    "function": "call it: add ()",
    "generator": "return list(value)",
    "map": "return list(value)",
    "range": "return list(value)",
    "set": "return sorted(value)",
    "time": "return value.isoformat()",
    "timedelta": "return value.total_seconds()",
    "zip": "return list(value)",
}


class BadResult(Exception):
    """The handler returned something that is not strict JSON; the text says what and where."""


def encode_result(value: Any) -> bytes:
    """Return `value` as strict JSON in UTF-8; a tuple becomes a list.

    Only None, bool, int, float, str, and lists, tuples and str-keyed dicts of such are JSON.

    Raises:
        BadResult: with the path to the first thing that is not JSON.

    """
    if not _is_shaped([value], -1):
        raise BadResult(_complaint(value, "result", 0))
    try:
        # The encoder finds what the shape does not tell: numbers that are not finite, and text
        # that is not Unicode.
        return encode(value).encode()
    except ValueError:
        raise BadResult(_complaint(value, "result", 0)) from None


def _is_shaped(values: Iterable[Any], depth: int) -> bool:
    """Say whether `values` are of JSON's types, small enough and not too deep, in one fast pass."""
    for value in values:
        kind = type(value)
        if kind in _LEAVES:
            continue
        if kind is int:
            if not _LEAST < value < _MOST:
                return False
        elif depth + 1 >= MAX_DEPTH:
            return False
        elif kind is dict:
            if not _TEXT.issuperset(map(type, value)) or not _is_shaped(value.values(), depth + 1):
                return False
        elif (kind is not list and kind is not tuple) or not _is_shaped(value, depth + 1):
            return False
    return True


def _fits(value: Any, depth: int) -> bool:
    return _is_shaped([value], depth - 1) and _is_encodable(value)


def _is_encodable(value: Any) -> bool:
    try:
        encode(value).encode()
    except ValueError:
        return False
    return True


def _complaint(value: Any, path: str, depth: int) -> str:
    """Walk to the first thing that does not fit and say what is wrong with it."""
    kind = type(value)
    if kind in _SCALARS:
        return f"{path} {_SCALARS[kind]}"
    if depth >= MAX_DEPTH and kind in {dict, list, tuple}:
        return f"the result is nested deeper than {MAX_DEPTH} levels, or holds itself"
    if kind is dict:
        return _complaint_inside(value, path, depth)
    if kind is list or kind is tuple:
        index, item = next(pair for pair in enumerate(value) if not _fits(pair[1], depth + 1))
        return _complaint(item, f"{path}[{index}]", depth + 1)
    return f"{path} is of type {_named(value)}, which is not JSON; {_hint(value)}"


_SCALARS: dict[type, str] = {
    str: "holds a lone surrogate, which is not text",
    int: f"is an integer of more than {MAX_INT_BITS} bits",
    float: "is not a finite number, which JSON does not have",
}


def _complaint_inside(value: Any, path: str, depth: int) -> str:
    for key, item in value.items():
        if type(key) is not str:
            return f"{path} has a key of type {_named(key)}; keys must be text"
        if not _is_encodable(key):
            return f"{path} has a key with a lone surrogate, which is not text"
        if not _fits(item, depth + 1):
            return _complaint(item, f"{path}[{key[:_MAX_KEY]!a}]", depth + 1)
    raise AssertionError(path)


def _hint(value: Any) -> str:
    for kind in (str, int, float, dict, list, tuple):
        if isinstance(value, kind):
            return f"return {'list' if kind is tuple else kind.__name__}(value)"
    return _HINTS.get(type(value).__name__, "return plain text, numbers, lists and dicts")


def _named(value: Any) -> str:
    return type(value).__name__[:_MAX_NAME]
