"""The character sets that guest code can encode and decode.

Python loads each from a file at first use, which a locked worker cannot; those that are not
listed raise LookupError there.
"""

from __future__ import annotations

import codecs

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Iterable

HEAVY = ("idna", "punycode")
"""Those that need the tables of Unicode."""

CHARSETS = (
    "ascii",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp437",
    "cp850",
    "idna",
    "iso8859-1",
    "iso8859-15",
    "iso8859-2",
    "mac-roman",
    "punycode",
    "unicode-escape",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32",
    "utf-7",
    "utf-8",
    "utf-8-sig",
)


def load_charsets(names: Iterable[str] = CHARSETS) -> None:
    """Load the character sets `names` into the interpreter's own table."""
    for name in names:
        codecs.lookup(name)
