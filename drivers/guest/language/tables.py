"""The attribute wall as data: for each type, the names that user code may read.

A type that is missing here has no attributes at all; a new method of a new Python is not there
until someone adds it. Facades add the types of their results with `allow`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INSPECT_ATTRIBUTES = frozenset(
    (
        "ag_await",
        "ag_code",
        "ag_frame",
        "co_code",
        "cr_await",
        "cr_code",
        "cr_frame",
        "cr_origin",
        "f_back",
        "f_builtins",
        "f_code",
        "f_generator",
        "f_globals",
        "f_locals",
        "f_trace",
        "gi_code",
        "gi_frame",
        "gi_yieldfrom",
        "tb_frame",
        "tb_next",
    )
)
"""Public-looking names that lead to frames and code; equal to RestrictedPython's, by a test."""

ALLOWED: dict[type, frozenset[str]] = {}
"""The names that may be read from an object of exactly this type, and from the type itself."""

KNOWN: set[type] = {type(None), type(...), type(NotImplemented), bool}
"""The types that `type(x)` may hand out."""

ITEM_WRITABLE: set[type] = {dict, list}
"""The types whose items user code may set and delete."""

COPIED: dict[tuple[type, str], Callable[[Any], object]] = {}
"""Names that are read as a copy, by type: the real value is a table that `==` would hand out."""

STANDS_FOR: dict[type, type] = {}
"""Types that nobody may hold, and what is handed out in place of each."""

if " byte 0x" in str(UnicodeDecodeError("ascii", b"", -1, 0, "")):
    # Such an interpreter tells the byte before the object of an error, and any other around it by
    # its distance: the text of one that a user makes reads the memory of the worker. The class
    # above catches the same errors and holds no position.
    STANDS_FOR[UnicodeDecodeError] = UnicodeError

IN_PYTHON: set[type] = {type(lambda: None), property}
"""The types of what a class written in Python holds in place of methods in C."""


def allow(kind: type, names: str, *, known: bool = True, items: bool = False) -> None:
    """Let user code read `names` (separated by blanks) from objects of `kind`.

    `known` lets `type(x)` return the type, `items` lets its items be written.
    """
    ALLOWED[kind] = frozenset(names.split())
    if known:
        KNOWN.add(kind)
    if items:
        ITEM_WRITABLE.add(kind)


_EMPTY: dict[str, object] = {}
_NUMBER = "real imag conjugate"
_INT = (
    f"{_NUMBER} numerator denominator bit_length bit_count as_integer_ratio is_integer from_bytes "
    "to_bytes"
)
_SET = "copy difference intersection isdisjoint issubset issuperset symmetric_difference union"
_TEXT = (
    "capitalize center count endswith expandtabs find index isalnum isalpha isascii isdigit "
    "islower isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix "
    "removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith "
    "strip swapcase title translate upper zfill"
)

allow(int, _INT)
allow(bool, _INT)
allow(float, f"{_NUMBER} as_integer_ratio is_integer fromhex hex")
allow(complex, _NUMBER)
allow(str, f"{_TEXT} casefold encode isdecimal isidentifier isnumeric isprintable")
allow(bytes, f"{_TEXT} decode fromhex hex")
allow(list, "append clear copy count extend index insert pop remove reverse sort")
allow(tuple, "count index")
allow(dict, "clear copy fromkeys get items keys pop popitem setdefault update values")
allow(
    set,
    f"{_SET} add clear difference_update discard intersection_update pop remove "
    "symmetric_difference_update update",
)
allow(frozenset, _SET)
allow(range, "count index start stop step")
allow(slice, "indices start stop step")
allow(type(_EMPTY.keys()), "isdisjoint", known=False)
allow(type(_EMPTY.values()), "", known=False)
allow(type(_EMPTY.items()), "isdisjoint", known=False)
allow(type(_ for _ in ()), "close send throw", known=False)
allow(property, "deleter getter setter", known=False)

# Exceptions are looked up along their bases, see `attributes`.
allow(BaseException, "add_note args", known=False)
allow(StopIteration, "value")
allow(AttributeError, "name")
allow(ImportError, "msg name")
allow(NameError, "name")
allow(OSError, "errno filename filename2 strerror")
allow(UnicodeDecodeError, "encoding end object reason start")
allow(UnicodeEncodeError, "encoding end object reason start")
allow(UnicodeTranslateError, "end object reason start")
