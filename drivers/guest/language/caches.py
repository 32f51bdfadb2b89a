"""Empties what the library remembers between calls of a reused worker.

The library keeps answers by the arguments it was given, and a guest's subclass of `str` or `int`
can be such an argument: it would answer, or run, in a later call.
"""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from typing import Any

# The C part alone; `functools` brings more.
_WRAPPER: type = getattr(__import__("_functools"), "_lru_cache_wrapper")  # noqa: B009 - its type is not told.
_EXACT = frozenset((str, int))
# Tables of the library's own; each key comes from a caller.
_TABLES = (
    ("_strptime", "_regex_cache"),
    ("ipaddress", "_BaseV4", "_netmask_cache"),
    ("ipaddress", "_BaseV6", "_netmask_cache"),
)
_wrappers: list[Any] = []
_tables: list[dict[object, object]] = []


def note_caches(homes: AbstractSet[str]) -> None:
    """Find the caches of the packages `homes` as loaded now; call it before lockdown."""
    _wrappers[:] = [found for found in gc.get_objects() if _home_of(found) in homes]
    _tables[:] = [table for path in _TABLES if (table := _table(path)) is not None]


def empty_caches() -> None:
    """Forget what earlier calls left in the library's caches.

    Regular expressions stay: `patterns` lets only plain text into their table. What was prepared of
    replacements does not: the methods of a pattern take them as they come.
    """
    for wrapper in _wrappers:
        wrapper.cache_clear()
    for table in _tables:
        if not _EXACT.issuperset(map(type, table)):
            table.clear()


def _home_of(found: object) -> str:
    if type(found) is not _WRAPPER:
        return ""
    return str(getattr(found, "__module__", "")).partition(".")[0]


def _table(path: tuple[str, ...]) -> dict[object, object] | None:
    found: Any = sys.modules.get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return found if type(found) is dict else None  # pyright: ignore[reportUnknownVariableType] - the library does not say of what
