"""The one place where ports meet adapters."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sanderling.wiring.drivers import build_driver
    from sanderling.wiring.runtime import Runtime, open_runtime

__all__ = ["Runtime", "build_driver", "open_runtime"]

_MODULES = {
    "Runtime": "sanderling.wiring.runtime",
    "build_driver": "sanderling.wiring.drivers",
    "open_runtime": "sanderling.wiring.runtime",
}


def __getattr__(name: str) -> object:
    """Load what is asked for: a command that needs a driver alone must not load a web server."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
