"""The character sets that guest code can encode and decode.

Python loads each from a file at first use, which a locked worker cannot; those that are not
listed raise LookupError there.
"""

import codecs

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


def load_charsets() -> None:
    """Load every listed character set into the interpreter's own table."""
    for name in CHARSETS:
        codecs.lookup(name)
