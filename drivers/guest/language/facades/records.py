"""Records: namedtuple and dataclass, made of user classes.

The real ones write source and run it, and `dataclasses` loads half the library.
"""

# What user code made has no known type.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from keyword import iskeyword
from operator import itemgetter

from drivers.guest.language.classes import GuestClass, is_guest_class
from drivers.guest.language.facade import Facade
from drivers.guest.language.tables import allow

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any

_FIELDS = "__record_fields__"
_DATA = "__data_fields__"
_MISSING = object()


class Field:
    """What `field()` returns: how a record's value comes about when none is given."""

    __slots__ = ("compare", "default", "factory", "init", "repr")

    def __init__(
        self,
        *,
        default: object = _MISSING,
        default_factory: object = _MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - the name that dataclasses.field has
        compare: bool = True,
    ) -> None:
        if default is not _MISSING and default_factory is not _MISSING:
            raise ValueError("cannot specify both default and default_factory")
        self.default = default
        self.factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare

    @property
    def is_optional(self) -> bool:
        """Say whether the record can be made without a value."""
        return self.default is not _MISSING or self.factory is not _MISSING

    def value(self) -> object:
        """Return the value for a record that was made without one."""
        if callable(self.factory):
            return self.factory()
        return self.default


# In errors it speaks of itself by the name that users call it by.
Field.__name__ = Field.__qualname__ = Field.__init__.__qualname__ = "field"
Field.__module__ = Field.__init__.__module__ = "builtins"


def namedtuple(
    typename: str,
    field_names: str | Iterable[str],
    *,
    defaults: Iterable[object] = (),
) -> type:
    """Make a tuple type with named items, like `collections.namedtuple`."""
    names = field_names.replace(",", " ").split() if isinstance(field_names, str) else field_names
    fields = tuple(_checked(name) for name in names)
    if len(set(fields)) < len(fields):
        raise ValueError(f"duplicate field name in {fields}")
    given = tuple(defaults)
    optional = dict(zip(fields[len(fields) - len(given) :], given, strict=True))
    title = str(typename)[:100]

    def new(cls: Any, *args: object, **kwargs: object) -> object:
        make: Callable[..., object] = tuple.__new__
        return make(cls, _bound(title, fields, optional, args, kwargs))

    def text(self: tuple[object, ...]) -> str:
        pairs = ", ".join(f"{name}={value!r}" for name, value in zip(fields, self, strict=True))
        return f"{title}({pairs})"

    def values(self: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(self)

    namespace: dict[str, object] = {
        "__new__": new,
        "__repr__": text,
        "__module__": "function",
        # What a copy is made with; the tuple's own would pass all values as the first.
        "__getnewargs__": values,
    }
    for index, name in enumerate(fields):
        namespace[name] = property(itemgetter(index))
    return GuestClass(title, (tuple,), namespace)


def _checked(name: object) -> str:
    if type(name) is not str or not name.isidentifier() or iskeyword(name) or name[0] == "_":
        raise ValueError(f"field names must be public identifiers: {name!r}")
    return name


def _bound(
    title: str,
    fields: tuple[str, ...],
    optional: Mapping[str, object],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> list[object]:
    """Return a value for each field, the way a call binds arguments."""
    if len(args) > len(fields):
        raise TypeError(f"{title}() takes {len(fields)} values but {len(args)} were given")
    values = dict(zip(fields, args, strict=False))
    for name, value in kwargs.items():
        if name in values or name not in fields:
            problem = "multiple values for" if name in values else "an unexpected"
            raise TypeError(f"{title}() got {problem} argument {name!r}")
        values[name] = value
    missing = [name for name in fields if name not in values and name not in optional]
    if missing:
        raise TypeError(f"{title}() is missing: {', '.join(missing)}")
    return [values[name] if name in values else optional[name] for name in fields]


def dataclass(
    cls: object = None,
    /,
    *,
    eq: bool = True,
    order: bool = False,
    frozen: bool = False,
    repr: bool = True,  # noqa: A002 - the name that dataclasses.dataclass has
    slots: bool = False,  # noqa: ARG001 - it saves memory elsewhere and changes nothing here
) -> object:
    """Give a class of annotated names an initialiser, equality and a text."""

    def decorate(kind: object) -> object:
        return _data_class(kind, eq=eq, order=order, frozen=frozen, shown=repr)

    return decorate if cls is None else decorate(cls)


def _data_class(kind: Any, *, eq: bool, order: bool, frozen: bool, shown: bool) -> object:
    if not is_guest_class(kind):
        raise TypeError("dataclass() decorates classes")
    fields = _collected(kind)
    _set(kind, _DATA, fields)
    if "__init__" not in kind.__dict__:
        _set(kind, "__init__", _initialiser(kind.__name__, fields))
    if shown:
        _set(kind, "__repr__", _teller(kind.__name__, fields))
    if eq and "__eq__" not in kind.__dict__:
        _set(kind, "__eq__", _equality(fields))
        _set(kind, "__hash__", _hasher(fields) if frozen else None)
    if order:
        for name, compare in _ORDERS.items():
            _set(kind, name, _ordering(fields, compare))
    if frozen:
        _set(kind, "__setattr__", _refuse_change)
        _set(kind, "__delattr__", _refuse_change)
    return kind


def _set(kind: type, name: str, value: object) -> None:
    type.__setattr__(kind, name, value)


def _collected(kind: type) -> dict[str, Field]:
    """Return the fields of `kind`, those of its bases first."""
    fields: dict[str, Field] = {}
    for base in reversed(kind.__mro__[1:]):
        fields.update(base.__dict__.get(_DATA, {}))
    for name in kind.__dict__.get(_FIELDS, ()):
        default = kind.__dict__.get(name, _MISSING)
        if isinstance(default, Field):
            fields[name] = default
            if default.default is _MISSING:
                type.__delattr__(kind, name)
            else:
                _set(kind, name, default.default)
        elif isinstance(default, (list, dict, set)):
            _refuse_mutable(name)
        else:
            fields[name] = Field(default=default)
    return _in_order(fields)


def _refuse_mutable(name: str) -> None:
    raise ValueError(f"mutable default for {name}: use field(default_factory=...)")


def _in_order(fields: dict[str, Field]) -> dict[str, Field]:
    optional = False
    for name, field in fields.items():
        if optional and field.init and not field.is_optional:
            raise TypeError(f"non-default argument {name!r} follows default argument")
        optional = optional or (field.init and field.is_optional)
    return fields


def _initialiser(title: str, fields: Mapping[str, Field]) -> Callable[..., None]:
    asked = tuple(name for name, field in fields.items() if field.init)
    optional = {name: _MISSING for name in asked if fields[name].is_optional}

    def initialise(self: object, *args: object, **kwargs: object) -> None:
        given = dict(zip(asked, _bound(title, asked, optional, args, kwargs), strict=True))
        for name, field in fields.items():
            value = given.get(name, _MISSING)
            if value is _MISSING and field.is_optional:
                value = field.value()
            if value is not _MISSING:
                object.__setattr__(self, name, value)

    return initialise


def _teller(title: str, fields: Mapping[str, Field]) -> Callable[[object], str]:
    shown = tuple(name for name, field in fields.items() if field.repr)

    def tell(self: object) -> str:
        return f"{title}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    return tell


def _key(fields: Mapping[str, Field]) -> Callable[[object], tuple[object, ...]]:
    compared = tuple(name for name, field in fields.items() if field.compare)
    return lambda record: tuple(getattr(record, name) for name in compared)


def _equality(fields: Mapping[str, Field]) -> Callable[[object, object], object]:
    key = _key(fields)

    def equal(self: object, other: object) -> object:
        if type(other) is not type(self):
            return NotImplemented
        return key(self) == key(other)

    return equal


def _ordering(
    fields: Mapping[str, Field], compare: Callable[[Any, Any], object]
) -> Callable[[object, object], object]:
    key = _key(fields)

    def ordered(self: object, other: object) -> object:
        if type(other) is not type(self):
            return NotImplemented
        return compare(key(self), key(other))

    return ordered


_ORDERS: Mapping[str, Callable[[Any, Any], object]] = {
    "__lt__": lambda one, other: one < other,
    "__le__": lambda one, other: one <= other,
    "__gt__": lambda one, other: one > other,
    "__ge__": lambda one, other: one >= other,
}


def _hasher(fields: Mapping[str, Field]) -> Callable[[object], int]:
    key = _key(fields)
    return lambda record: hash(key(record))


def _refuse_change(self: object, name: str, *_value: object) -> None:
    raise AttributeError(f"cannot change field {name!r} of a frozen {type(self).__name__}")


def _fields_of(record: object) -> dict[str, Field] | None:
    kind = type(record)
    return getattr(kind, _DATA, None) if is_guest_class(kind) else None


def asdict(record: object) -> dict[str, object]:
    """Return the fields of a record as a dict, records inside it as well."""
    values = _values(record, "asdict", asdict)
    return dict(zip(_fields_of(record) or (), values, strict=True))


def _plain(value: Any, convert: Callable[[Any], object]) -> object:
    if _fields_of(value) is not None:
        return convert(value)
    kind: object = type(value)
    if kind is list:
        return [_plain(item, convert) for item in value]
    if kind is tuple:
        return tuple(_plain(item, convert) for item in value)
    if kind is dict:
        return {key: _plain(item, convert) for key, item in value.items()}
    return value


def astuple(record: object) -> tuple[object, ...]:
    """Return the values of a record in the order of its fields, records inside it as tuples."""
    return _values(record, "astuple", astuple)


def _values(record: object, asked: str, convert: Callable[[Any], object]) -> tuple[object, ...]:
    fields = _fields_of(record)
    if fields is None:
        raise TypeError(f"{asked}() takes a record that dataclass() made")
    return tuple(_plain(getattr(record, name), convert) for name in fields)


class NamedField:
    """What `fields()` tells of one field."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def is_dataclass(obj: object) -> bool:
    """Say whether `obj` is a record or a class of records."""
    kind = obj if is_guest_class(obj) else type(obj)
    return is_guest_class(kind) and hasattr(kind, _DATA)


def fields(class_or_instance: Any) -> tuple[NamedField, ...]:
    """Return the fields of a record or of its class, in order."""
    if not is_dataclass(class_or_instance):
        raise TypeError("fields() takes a record that dataclass() made, or its class")
    names: Mapping[str, Field] = getattr(class_or_instance, _DATA)
    return tuple(NamedField(name) for name in names)


def replace(record: object, /, **changes: object) -> object:
    """Return a record like this one with some fields changed."""
    fields = _fields_of(record)
    if fields is None:
        raise TypeError("replace() takes a record that dataclass() made")
    kept = {name: getattr(record, name) for name, field in fields.items() if field.init}
    return type(record)(**{**kept, **changes})


def _dataclasses() -> Facade:
    allow(NamedField, "name", known=False)
    names = {
        "asdict": asdict,
        "astuple": astuple,
        "dataclass": dataclass,
        "field": Field,
        "fields": fields,
        "is_dataclass": is_dataclass,
        "replace": replace,
    }
    return Facade("dataclasses", names)


BUILDERS = {"dataclasses": _dataclasses}
