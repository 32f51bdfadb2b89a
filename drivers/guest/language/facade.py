"""What user code gets instead of a module: a fixed table of names.

A real module would hand out everything it imported itself, `sys` and `os` included.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Mapping


class Facade:
    """Answer to the names in `values` and to nothing else; it cannot be changed."""

    __slots__ = ("_name", "_values")
    _name: str
    _values: Mapping[str, object]

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        _keep_name(self, name)
        _keep_values(self, values)

    def __getattr__(self, name: str) -> object:
        """Serve `from module import name`, which reads natively."""
        if name[:1] != "_" and name in self._values:
            return self._values[name]
        raise AttributeError(missing_name(self, name))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self._name}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self._name}.{name} cannot be removed")

    def __deepcopy__(self, memo: object) -> Facade:
        return self  # It cannot be changed, so it is its own copy.

    def __repr__(self) -> str:
        return f"<{self._name}>"


# Found once, around its own refusal to be changed.
_keep_name = Facade.__dict__["_name"].__set__
_keep_values = Facade.__dict__["_values"].__set__

# What the interpreter calls it in errors, for example when `datetime()` is called.
Facade.__name__ = "module"


def names_of(facade: Facade) -> tuple[str, ...]:
    """List what `facade` has, sorted."""
    return tuple(sorted(values_of(facade)))


def values_of(facade: Facade) -> Mapping[str, object]:
    """Return the table behind `facade`."""
    values: Mapping[str, object] = object.__getattribute__(facade, "_values")
    return values


def missing_name(facade: Facade, name: str) -> str:
    """Say that `facade` lacks `name`, and what it has."""
    title: str = object.__getattribute__(facade, "_name")
    return f"{title} has no {name!r} here; there is: {', '.join(names_of(facade))}"
