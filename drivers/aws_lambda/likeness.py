"""Says in what a function at AWS departs from what was made.

Its code is known by its SHA-256, but code alone does not say what runs: a layer, a variable of the
environment or another handler puts other code before it, a role gives it rights, and a network
something to reach.
"""

from collections.abc import Mapping
from typing import Any, cast

_SAME = ("Handler", "Role", "Runtime")
_NONE = (
    ("CapacityProviderConfig", ""),
    ("Environment", "Variables"),
    ("Environment", "Error"),
    ("FileSystemConfigs", ""),
    ("ImageConfigResponse", ""),
    ("Layers", ""),
    ("VpcConfig", "SubnetIds"),
)


def departures(told: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the members of what AWS tells of a function in which it is not what was `asked` for.

    Time, memory and processors are not among them: whoever changes those changes a bill.
    """
    changed = [name for name in _SAME if told.get(name) != asked[name]]
    added = [name for name, within in _NONE if _inner(told.get(name), within)]
    return tuple(sorted({*changed, *added}))


def _inner(value: object, within: str) -> object:
    if not within:
        return value
    return cast("dict[str, object]", value).get(within) if isinstance(value, dict) else value
