"""Which modules guest code may import, and who builds the facade of each.

Names only: the compiler reads this without loading what the facades stand for.
"""

from __future__ import annotations

import sys

from drivers.guest.language.caches import note_caches
from drivers.guest.language.charsets import load_charsets
from drivers.guest.language.facade import Facade, values_of
from drivers.guest.language.tables import IN_PYTHON

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_Function: type = type(lambda: None)

FACADES: Mapping[str, str] = {
    "base64": "formats",
    "bisect": "iteration",
    "calendar": "times",
    "collections": "containers",
    "collections.abc": "containers",
    "copy": "containers",
    "csv": "tabular",
    "dataclasses": "records",
    "datetime": "times",
    "decimal": "arithmetic",
    "difflib": "text",
    "email": "addresses",
    "email.utils": "addresses",
    "fractions": "arithmetic",
    "functools": "iteration",
    "hashlib": "digests",
    "heapq": "iteration",
    "hmac": "digests",
    "html": "text",
    "io": "tabular",
    "ipaddress": "addresses",
    "itertools": "iteration",
    "json": "formats",
    "math": "arithmetic",
    "operator": "iteration",
    "random": "chance",
    "re": "patterns",
    "secrets": "chance",
    "statistics": "arithmetic",
    "string": "text",
    "struct": "formats",
    "textwrap": "text",
    "time": "times",
    "unicodedata": "text",
    "urllib": "addresses",
    "urllib.parse": "addresses",
    "uuid": "chance",
    "zlib": "formats",
    "zoneinfo": "zones",
}
"""Each module that guest code may import, and the module of `facades` that builds it."""

FROM_ONLY: Mapping[str, frozenset[str]] = {
    "dataclasses": frozenset(
        ("asdict", "astuple", "dataclass", "field", "fields", "is_dataclass", "replace")
    ),
    "io": frozenset(("StringIO",)),
    "uuid": frozenset(
        (
            "NAMESPACE_DNS",
            "NAMESPACE_OID",
            "NAMESPACE_URL",
            "NAMESPACE_X500",
            "UUID",
            "uuid3",
            "uuid4",
            "uuid5",
        )
    ),
}
"""Modules that are imported by names alone, and the names: of the real ones so little is left
that `import io` would promise too much."""

_open: dict[str, Facade] = {}
_noted: set[str] = set()


def open_facade(name: str) -> Facade:
    """Return the facade `name`, built at first use; after lockdown only if preloaded."""
    facade = _open.get(name)
    if facade is None:
        built = _import(f"drivers.guest.language.facades.{FACADES[name]}")
        facade = _open[name] = built.BUILDERS[name]()
        _name_functions(name, facade)
    return facade


def _import(name: str) -> Any:
    __import__(name)
    loaded: Any = sys.modules
    if "functools" in loaded:
        # A class of the library may hold one where a class in C has a member.
        IN_PYTHON.add(loaded["functools"].cached_property)
    return loaded[name]


def _name_functions(module: str, facade: Facade) -> None:
    """Let our own functions speak of themselves as `json.loads()` in the errors users read."""
    for name, value in values_of(facade).items():
        if type(value) is _Function and value.__module__.startswith("drivers."):
            named: Any = value
            named.__name__ = name
            named.__qualname__ = f"{module}.{name}"
            named.__module__ = "builtins"  # Of any other, the interpreter would name the module.


def preload(names: Iterable[str] = tuple(FACADES)) -> None:
    """Load the character sets and build the facades `names`, before lockdown.

    A worker whose functions need few modules stays smaller with few names.
    """
    load_charsets()
    for name in names:
        open_facade(name)
    if _noted != _open.keys():
        # Also those that were opened one by one before.
        note_caches({name.partition(".")[0] for name in FACADES})
        _noted.update(_open)
