"""Strict JSON: what RFC 8259 allows and no more, so that every store and driver can hold it."""

import json
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


def _depth_exceeds(value: JSON, limit: int) -> bool:
    level: list[JSON] = [value]
    for _ in range(limit + 1):
        containers = [item for item in level if isinstance(item, (list, dict))]
        if not containers:
            return False
        level = [
            child
            for item in containers
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return True


def decode(text: bytes) -> JSON:
    """Return the value of `text`.

    Raises:
        InvalidJSON: it is not UTF-8, not JSON, has NaN or Infinity, a lone surrogate, an integer
            of thousands of digits, or is nested too deep.

    """
    try:
        # Floats such as 1e999 become infinite without passing parse_constant; the second
        # encoding refuses them together with lone surrogates.
        value: JSON = json.loads(text.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidJSON(reason=f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise InvalidJSON(
            reason=f"{error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise InvalidJSON(reason="it is nested too deep") from error
    except ValueError as error:
        raise InvalidJSON(reason="an integer has too many digits") from error
    encode(value)
    return value


def encode(value: JSON) -> bytes:
    """Return `value` as compact UTF-8 JSON.

    Raises:
        InvalidJSON: it holds NaN, Infinity, a lone surrogate, an integer of thousands of digits,
            itself, something that is no JSON, or is nested too deep.

    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        encoded = text.encode()
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
    if _depth_exceeds(value, MAX_DEPTH):
        raise InvalidJSON(reason=f"it is nested deeper than {MAX_DEPTH}")
    return encoded
