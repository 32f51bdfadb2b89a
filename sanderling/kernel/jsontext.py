"""Strict JSON: what RFC 8259 allows and no more, so that every store and driver can hold it."""

import codecs
import json
import math
from collections.abc import Callable
from typing import ClassVar, Never, TypeAlias

from sanderling.kernel.errors import Refusal

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

MAX_DEPTH = 64


class InvalidJSON(Refusal):
    """The text is not valid JSON: {reason}.

    Send one RFC 8259 value in UTF-8, without NaN or Infinity, nested at most 64 deep.
    """

    code: ClassVar[str] = "invalid_json"

    def __init__(self, *, reason: str) -> None:
        """Keep the reason, which names no part of the text."""
        super().__init__(reason=reason)


def _refuse_constant(name: str) -> Never:
    raise InvalidJSON(reason=f"{name} is not a JSON number")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise InvalidJSON(reason="a number is not finite or is too long")
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_scan: Callable[[str, int], tuple[JSON, int]] = getattr(_DECODER, "scan_once")  # noqa: B009 - its type is not told.
_write = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


def _check_depth(value: JSON) -> None:
    level: list[JSON] = [value]
    for _ in range(MAX_DEPTH + 1):
        containers = [item for item in level if isinstance(item, (list, dict))]
        if not containers:
            return
        level = [
            child
            for item in containers
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    raise InvalidJSON(reason=f"it is nested deeper than {MAX_DEPTH}")


def decode(text: bytes) -> JSON:
    """Return the value of `text`.

    Raises:
        InvalidJSON: it is not UTF-8, not JSON, has NaN or Infinity, a lone surrogate, an integer
            of thousands of digits, or is nested too deep.

    """
    value: JSON = None
    try:
        told = text.decode()
        # Most texts have no blanks around them, and the scanner alone takes two thirds of the time.
        try:
            value, end = _scan(told, 0)
        except StopIteration:
            end = -1
        if end != len(told):
            value = _DECODER.decode(told)
    except ValueError as error:
        raise _refusal(text, error) from error
    except RecursionError as error:
        raise InvalidJSON(reason="it is nested too deep") from error
    # Every call passes here, so the slow looks are for texts that can need them: a lone surrogate
    # has to be escaped, and nesting takes as many brackets as it is deep.
    if "\\u" in told:
        encode(value)
    elif len(told) > MAX_DEPTH and told.count("[") + told.count("{") > MAX_DEPTH:
        _check_depth(value)
    return value


def _refusal(text: bytes, error: ValueError) -> InvalidJSON:
    if text.startswith(codecs.BOM_UTF8):
        return InvalidJSON(reason="it starts with a byte order mark (BOM)")
    if isinstance(error, UnicodeDecodeError):
        return InvalidJSON(reason=f"byte {error.start} is not UTF-8")
    if isinstance(error, json.JSONDecodeError):
        return InvalidJSON(reason=f"{error.msg} at line {error.lineno}, column {error.colno}")
    return InvalidJSON(reason="an integer has too many digits")


def encode(value: JSON) -> bytes:
    """Return `value` as compact UTF-8 JSON.

    Raises:
        InvalidJSON: it holds NaN, Infinity, a lone surrogate, an integer of thousands of digits,
            itself, something that is no JSON, or is nested too deep.

    """
    try:
        encoded = _write(value).encode()
    except UnicodeEncodeError as error:
        raise InvalidJSON(reason="a string has a lone surrogate") from error
    except RecursionError as error:
        raise InvalidJSON(reason="it is nested too deep") from error
    except TypeError as error:
        raise InvalidJSON(reason="it holds a value JSON has no form for") from error
    except ValueError as error:
        # Python tells these causes apart by their words alone.
        is_circular = "Circular" in str(error)
        reason = "it holds itself" if is_circular else "a number is not finite or is too long"
        raise InvalidJSON(reason=reason) from error
    if encoded.count(b"[") + encoded.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    return encoded
