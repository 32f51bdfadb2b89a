"""How a facade is filled: names picked one by one from a module, where they exist."""

from __future__ import annotations

from types import ModuleType

from drivers.guest.language.facade import Facade

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from typing import Any


def exact(value: Any) -> Any:
    """Return text without the methods and attributes that a subclass of the user's brings."""
    return str.__str__(value) if isinstance(value, str) else value


def pick(module: ModuleType, names: str) -> dict[str, object]:
    """Return the values of `names` (separated by blanks); a Python without one lacks it."""
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


def facade_of(module: ModuleType, names: str, **more: object) -> Facade:
    """Return a facade with `names` out of `module` and with `more`."""
    return Facade(module.__name__, {**pick(module, names), **more})
