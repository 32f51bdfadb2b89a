"""The attribute wall: reads go through an allow-list by type, writes to user objects only.

Guarantee: no attribute outside the tables is ever read for user code; a refused read raises
AttributeError with the names that are there.
Assumption: names in calls of `read_attribute` are constants that the transformer has checked.
"""

from __future__ import annotations

from drivers.guest.language.classes import is_guest_class
from drivers.guest.language.facade import Facade, missing_name
from drivers.guest.language.formatting import bound_format, unbound_format
from drivers.guest.language.tables import (
    ALLOWED,
    COPIED,
    IN_PYTHON,
    INSPECT_ATTRIBUTES,
    ITEM_WRITABLE,
    KNOWN,
    STANDS_FOR,
)

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_operator: Any = __import__("_operator")  # The C part alone; `operator` brings more.
_Function: type = type(lambda: None)

_allowed = ALLOWED.get
_MISSING = object()
_ABSENT = object()
_SIGNS = {
    "+=": "iadd",
    "-=": "isub",
    "*=": "imul",
    "/=": "itruediv",
    "//=": "ifloordiv",
    "%=": "imod",
    "**=": "ipow",
    "@=": "imatmul",
    "&=": "iand",
    "|=": "ior",
    "^=": "ixor",
    "<<=": "ilshift",
    ">>=": "irshift",
}
_CHANGES: dict[str, Callable[[object, object], object]] = {
    sign: getattr(_operator, name) for sign, name in _SIGNS.items()
}
_FORMATS = frozenset(("format", "format_map"))


def read_attribute(ob: object, name: str) -> object:
    """Return `ob.name` when the tables allow it; this is `_getattr_` in guest code."""
    kind = type(ob)
    allowed = _allowed(kind)
    if allowed is not None:
        if name in allowed:
            return getattr(ob, name)
    elif type(ob) is Facade:
        values = ob._values  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - a method call would double the cost of every read
        if name in values:
            return values[name]
    elif is_guest_class(kind) and name in ob.__dict__:
        # Only guarded writes fill it, so every name in it is public.
        return getattr(ob, name)
    return _read_rarely(ob, kind, name)


def _read_rarely(ob: Any, kind: Any, name: str) -> object:
    if name[:1] == "_" or name in INSPECT_ATTRIBUTES:
        raise AttributeError(f"the attribute {name!r} is not available here")
    if name in _FORMATS:
        if issubclass(kind, str):
            return bound_format(ob, name)
        if issubclass(kind, type) and issubclass(ob, str):
            return unbound_format(name)
    if is_guest_class(kind):
        if name in ob.__dict__ or _class_allows(kind, name):
            return getattr(ob, name)
    elif issubclass(kind, type):
        return _read_of_class(ob, name)
    elif (kind, name) in COPIED:
        return COPIED[kind, name](ob)
    elif issubclass(kind, BaseException) and _class_allows(kind, name):
        return getattr(ob, name)
    raise AttributeError(_refusal(ob, kind, name))


def _class_allows(kind: Any, name: str) -> bool:
    """Say whether the first `name` along the bases is the user's, or allowed up to there."""
    allowed = False
    for base in kind.__mro__:
        allowed = allowed or name in ALLOWED.get(base, ())
        if name in base.__dict__:
            return allowed or is_guest_class(base)
    return allowed


def _read_of_class(kind: Any, name: str) -> object:
    """Return `kind.name`; methods that the library wrote in Python take objects of `kind` only.

    They read and call anything of their first argument, even its class: `Counter.copy(int)` would
    return the real `type`. Methods in C check it themselves.
    """
    if not _class_allows(kind, name):
        raise AttributeError(_refusal(kind, type(kind), name))
    base: Any = next((base for base in kind.__mro__ if name in base.__dict__), None)
    own = None if base is None else base.__dict__[name]
    if is_guest_class(base) or type(own) not in IN_PYTHON:
        return getattr(kind, name)
    if type(own) is not _Function:
        raise AttributeError(f"{name!r} of type {kind.__name__!r} is there on its objects only")
    return _checked_method(kind, own)


def _checked_method(kind: type, method: Any) -> Callable[..., object]:
    def call(ob: object, /, *args: object, **kwargs: object) -> object:
        if not issubclass(type(ob), kind):
            raise TypeError(f"{kind.__name__}.{method.__name__}() needs a {kind.__name__!r} object")
        return method(ob, *args, **kwargs)

    call.__qualname__ = f"{kind.__name__}.{method.__name__}"
    call.__module__ = "builtins"
    return call


def _refusal(ob: Any, kind: Any, name: str) -> str:
    if kind is Facade:
        return missing_name(ob, name)
    what = f"type {ob.__name__!r}" if isinstance(ob, type) else f"{kind.__name__!r} object"
    message = f"{what} has no attribute {name!r} here"
    known = ALLOWED.get(ob if isinstance(ob, type) else kind)
    return f"{message}; there is: {', '.join(sorted(known))}" if known else message


def read_super(around: Any, ob: Any, name: str) -> object:
    """Return `super(around, ob).name`; this is `_super_` in guest code.

    The transformer passes the class around the method, and a public name or `__init__`.
    """
    if name == "__init__" and isinstance(ob, type):
        # It would be the bare function, which initialises whatever it is given.
        raise TypeError("super().__init__ is there for objects only, not for a class")
    order: tuple[Any, ...] = ob.__mro__ if isinstance(ob, type) else type(ob).__mro__
    if around not in order:
        raise TypeError("super(): the first argument of the method is no object of its class")
    for base in order[order.index(around) + 1 :]:
        if name in base.__dict__:
            if is_guest_class(base) or name == "__init__" or name in ALLOWED.get(base, ()):
                return getattr(super(around, ob), name)  # pyright: ignore[reportUnknownArgumentType] - what super() makes has no type of its own
            break
    raise AttributeError(f"'super' object has no attribute {name!r} here")


def read_named(ob: object, name: str, default: object = _MISSING, /) -> object:
    """Return `ob.name`, or `default`; this is `getattr` in guest code."""
    if type(name) is not str:
        raise TypeError("getattr(): attribute name must be string")
    try:
        return read_attribute(ob, name)
    except AttributeError:
        if default is _MISSING:
            raise
        return default


def has_named(ob: object, name: str, /) -> bool:
    """Say whether `read_named` would return; this is `hasattr` in guest code."""
    return read_named(ob, name, _ABSENT) is not _ABSENT


def write_items(ob: object) -> object:
    """Return `ob` when its items may be written; this is `_write_` in guest code."""
    kind = type(ob)
    if kind in ITEM_WRITABLE or is_guest_class(kind):
        return ob
    raise TypeError(f"items of {kind.__name__!r} objects cannot be changed here")


def write_attributes(ob: object) -> object:
    """Return `ob` when its attributes may be written; this is `_writeattr_` in guest code."""
    kind = type(ob)
    if is_guest_class(kind) or is_guest_class(ob):
        return ob
    if kind is Facade:
        raise AttributeError(f"{ob!r} cannot be changed")
    raise TypeError(f"attributes of {kind.__name__!r} objects cannot be changed here")


def write_named(ob: object, name: str, value: object, /) -> None:
    """Set `ob.name` on a user object; this is `setattr` in guest code."""
    _check_written(name)
    setattr(write_attributes(ob), name, value)


def delete_named(ob: object, name: str, /) -> None:
    """Delete `ob.name` from a user object; this is `delattr` in guest code."""
    _check_written(name)
    delattr(write_attributes(ob), name)


def _check_written(name: str) -> None:
    if type(name) is not str:
        raise TypeError("attribute name must be string")
    if name[:1] == "_" or name in INSPECT_ATTRIBUTES:
        raise AttributeError(f"the attribute {name!r} is not available here")


def begin_change(ob: object, name: str) -> tuple[object, str, object]:
    """Read what `ob.name += …` adds to; this is `_augget_` in guest code."""
    return write_attributes(ob), name, read_attribute(ob, name)


def finish_change(begun: tuple[object, str, object], sign: str, value: object) -> None:
    """Add `value` and store it; this is `_augset_` in guest code."""
    ob, name, current = begun
    setattr(ob, name, _CHANGES[sign](current, value))


def type_of(ob: object, /) -> type:
    """Return the type of a value; this is `type` in guest code.

    A class would hand out its metaclass, and with it the three-argument `type`.
    """
    kind = type(ob)
    if kind in STANDS_FOR:
        return STANDS_FOR[kind]
    if kind in KNOWN or is_guest_class(kind) or issubclass(kind, Exception):
        return kind
    raise TypeError(f"type() of a {kind.__name__!r} object is not available here")
