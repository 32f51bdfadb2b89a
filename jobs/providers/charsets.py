"""Bytes of strangers as text, whatever charset they are said to be in."""

from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache
from typing import Final

_CHARSETS: Final = frozenset(aliases) | frozenset(aliases.values()) | {"koi8_u", "cp874"}
"""Of all that Python can decode, what has a name in mail.

The rest is not asked for: some of it takes time with the square of the length, such as `punycode`,
and each name that nobody knows is searched on disk and remembered for ever.
"""


@lru_cache(maxsize=256)
def _is_known(charset: str) -> bool:
    return normalize_encoding(charset).lower() in _CHARSETS


def text_in(data: bytes, *charsets: str) -> str:
    """Return `data` in the first of the charsets that fits, or with marks for what does not."""
    for charset in charsets:
        if not _is_known(charset):
            continue
        try:
            return data.decode(charset)
        except (UnicodeError, LookupError, ValueError):
            continue
    return data.decode("utf-8", "replace")
