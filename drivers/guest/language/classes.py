"""User classes: made by one metaclass, out of known bases, without special methods.

Guarantee: a class of a user has no special method but the few of `_SPECIAL`, so no protocol of
the interpreter (calls, attribute access, copying, finalising, class creation) runs user code.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

_SPECIAL = frozenset(
    (
        "__init__",
        "__contains__",
        "__lt__",
        "__le__",
        "__eq__",
        "__ne__",
        "__gt__",
        "__ge__",
        # What the interpreter and the transformer put into every class body.
        "__module__",
        "__qualname__",
        "__doc__",
        "__classcell__",
        "__static_attributes__",
        "__firstlineno__",
        "__record_fields__",
    )
)

_BASES: set[type] = {object, dict, float, frozenset, int, list, set, str, tuple}


class GuestClass(type):
    """The type of every class that user code makes."""


def is_guest_class(kind: object) -> bool:
    """Say whether user code made the class `kind`."""
    return type(kind) is GuestClass


def allow_base(kind: type) -> None:
    """Let user classes inherit from `kind`."""
    _BASES.add(kind)


def make_class(name: str, bases: tuple[Any, ...], namespace: dict[str, object]) -> type:
    """Make a class for user code; this is `__metaclass__` in its `class` statements."""
    for base in bases:
        if is_guest_class(base) or (type(base) is type and base in _BASES):
            continue
        raise TypeError(f"classes cannot inherit from {base!r} here")
    # `class A(list[int])` notes what was written; the bases are plain by now.
    namespace.pop("__orig_bases__", None)
    for key in namespace:
        if key[:1] == "_" and key != "_" and key not in _SPECIAL:
            raise TypeError(f"the class attribute {key!r} is not available here")
    return GuestClass(name, bases, namespace)
