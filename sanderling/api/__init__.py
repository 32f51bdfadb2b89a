"""HTTP to call, outcome to problem+json; no rules."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sanderling.api.app import App, create_app, create_probe_app
    from sanderling.api.services import Services

__all__ = ["App", "Services", "create_app", "create_probe_app"]

_MODULES = {
    "App": "sanderling.api.app",
    "Services": "sanderling.api.services",
    "create_app": "sanderling.api.app",
    "create_probe_app": "sanderling.api.app",
}


def __getattr__(name: str) -> object:
    """Load what is asked for: the client shares our models and must not load a web framework."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
