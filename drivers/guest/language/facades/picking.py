"""How a facade is filled: names picked one by one from a module, where they exist."""

from types import ModuleType

from drivers.guest.language.facade import Facade


def pick(module: ModuleType, names: str) -> dict[str, object]:
    """Return the values of `names` (separated by blanks); a Python without one lacks it."""
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


def facade_of(module: ModuleType, names: str, **more: object) -> Facade:
    """Return a facade with `names` out of `module` and with `more`."""
    return Facade(module.__name__, {**pick(module, names), **more})
