"""The result wall: what a handler returned becomes strict JSON, or says why it cannot.

Exact types only, because a subclass could answer differently each time it is asked.
"""

# What user code made has no known type.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

from json.encoder import JSONEncoder
from math import isfinite

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 64
MAX_INT_BITS = 8192
_MAX_KEY = 60
_MAX_NAME = 100
_ENCODE = JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode
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

    Raises:
        BadResult: with the path to the first thing that is not JSON.

    """
    check_result(value)
    return _ENCODE(value).encode()


def check_result(value: Any) -> None:
    """Accept None, bool, int, float, str, and lists and str-keyed dicts of such; nothing else.

    Raises:
        BadResult: with the path to the first thing that is not JSON.

    """
    if not _fits(value, 0):
        raise BadResult(_complaint(value, "result", 0))


def _fits(value: Any, depth: int) -> bool:
    """Say whether `value` is JSON, in one pass that allocates nothing."""
    kind: object = type(value)
    if kind is str:
        return _is_text(value)
    if kind is int:
        return int.bit_length(value) <= MAX_INT_BITS
    if kind is float:
        return isfinite(value)
    return kind is bool or value is None or _fits_inside(value, depth)


def _fits_inside(value: Any, depth: int) -> bool:
    kind: object = type(value)
    if depth >= MAX_DEPTH:
        return False
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not _is_text(key):
                return False
            if not _fits(item, depth + 1):
                return False
        return True
    if kind is list or kind is tuple:
        return _fits_all(value, depth + 1)
    return False


def _fits_all(values: Any, depth: int) -> bool:
    for value in values:  # noqa: SIM110 - a generator would cost a frame per list
        if not _fits(value, depth):
            return False
    return True


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _complaint(value: Any, path: str, depth: int) -> str:
    """Walk to the first thing that does not fit and say what is wrong with it."""
    kind: object = type(value)
    if type(value) in _SCALARS:
        return f"{path} {_SCALARS[type(value)]}"
    if depth >= MAX_DEPTH and type(value) in {dict, list, tuple}:
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
        if not _is_text(key):
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
