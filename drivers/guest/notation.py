"""Reads and writes JSON with the interpreter's own C parts.

The json package loads re and with it enum and functools: a megabyte that every fork would carry.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_parts: Any = __import__("_json")

_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}


class _Reading:
    """What the scanner wants to know."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _CONSTANTS.__getitem__


_scan: Callable[[str, int], tuple[Any, int]] = _parts.make_scanner(_Reading)


def decode(text: str) -> Any:
    """Return the value of JSON that starts and ends without blanks.

    Raises:
        ValueError: it is not JSON, or something stands around it.

    """
    try:
        value, end = _scan(text, 0)
    except (StopIteration, ImportError):
        # For its own error the scanner loads json, which a locked worker cannot.
        raise ValueError("it is not JSON") from None
    if end != len(text):
        raise ValueError("something stands around the JSON")
    return value


def _refuse(value: object) -> object:
    raise TypeError(type(value).__name__)


def _prepared() -> Callable[[Any], str]:
    """Return a writer that was prepared once; the library's own prepares for every call."""
    sorts = skips = allows_nan = False
    quote = _parts.encode_basestring
    prepared = _parts.make_encoder(None, _refuse, quote, None, ":", ",", sorts, skips, allows_nan)

    def encoded(value: Any) -> str:
        return "".join(prepared(value, 0))

    return encoded


encode = _prepared()
"""Return a value of JSON's own types as JSON without blanks.

Raises ValueError for a number that is not finite, TypeError for another type. It recurses: whoever
cannot trust the depth checks it before.
"""
