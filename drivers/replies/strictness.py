"""Checks that bytes are strict JSON, much faster than decoding and encoding them again.

The rules are those of `kernel.jsontext.decode`, and a property test holds the two together: what
looks as if it could break one of them takes the slow way through it.
"""

import json
import re
from collections.abc import Callable
from typing import Never

from sanderling.kernel.jsontext import MAX_DEPTH, InvalidJSON, decode

# A lone surrogate needs an escape, an infinite float an exponent or very many digits, and a
# refused integer more digits still. Strings may match, too; then the slow way decides.
_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|[eE]\+?[0-9]{2}|[0-9]{200}")


def _refuse_constant(name: str) -> Never:
    raise InvalidJSON(reason=f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_scan: Callable[[str, int], tuple[object, int]] = getattr(_DECODER, "scan_once")  # noqa: B009 - its type is not told.


def check_strict(text: bytes) -> None:
    """Accept exactly what `decode` accepts.

    Raises:
        InvalidJSON: as `decode` would.

    """
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH or _SUSPECT.search(text):
        decode(text)
        return
    try:
        _parse(text.decode())
    except UnicodeDecodeError as error:
        raise InvalidJSON(reason=f"byte {error.start} is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise InvalidJSON(reason="it is not JSON") from error


def _parse(text: str) -> None:
    # Our own guest writes no blanks around a value; the scanner alone is twice as fast.
    try:
        end = _scan(text, 0)[1]
    except StopIteration:
        end = -1
    if end != len(text):
        _DECODER.decode(text)
