"""The import wall: `import` in guest code returns facades; C code gets its own few modules."""

import sys

from drivers.guest.language.catalogue import FACADES, FROM_ONLY, open_facade
from drivers.guest.language.facade import missing_name, values_of
from drivers.guest.language.renewal import RENEWAL

_SEEDED = frozenset(("random", "statistics"))

INTERNAL = frozenset(
    (
        "_locale",
        "_pylong",
        "_strptime",
        "calendar",
        "codecs",
        "collections",
        "collections.abc",
        "copyreg",
        "datetime",
        "decimal",
        "encodings",
        "functools",
        "locale",
        "numbers",
        "operator",
        "re",
        "stringprep",
        "time",
        "types",
        "unicodedata",
        "warnings",
        "zoneinfo",
        "zoneinfo._common",
    )
)
"""Modules that C code of the interpreter imports through the running frame, for example
`_strptime` for `datetime.strptime`. They must be loaded before the worker is locked down."""


def guarded_import(
    name: str,
    globals: object = None,  # noqa: A002, ARG001 - the signature of __import__
    locals: object = None,  # noqa: A002, ARG001 - the signature of __import__
    fromlist: tuple[str, ...] | list[str] | None = (),
    level: int = 0,
) -> object:
    """Return the facade `name`; this is `__import__` in guest code.

    Bytecode passes None or a tuple as `fromlist`. A list comes from `PyImport_Import` in C, which
    hands nothing of it to user code.
    """
    if type(fromlist) is list:
        module = sys.modules.get(name) if name in INTERNAL else None
        if module is not None:
            return module
    if level or name not in FACADES or (name in FROM_ONLY and not fromlist):
        raise ImportError(f"the module {name!r} is not available here", name=name)
    if name in _SEEDED:
        RENEWAL.renew_if_due()
    facade = open_facade(name)
    if not fromlist:
        return open_facade(name.partition(".")[0])
    for wanted in fromlist:
        if wanted not in values_of(facade):
            raise ImportError(missing_name(facade, wanted), name=name)
    return facade
