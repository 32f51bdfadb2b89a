"""The global names of one call, made as cheaply as an empty dict allows."""

from drivers.guest.language.builtin_names import BUILTINS
from drivers.guest.language.caches import empty_caches
from drivers.guest.language.facades.chance import renew, renew_at_next_import
from drivers.guest.language.sink import Sink

MODULE_NAME = "function"
"""What `__module__` of user classes says."""


def build_globals(sink: Sink) -> dict[str, object]:
    """Return fresh globals for one call, in which `print` writes to `sink`.

    Everything else is shared between calls and cannot be reached, hence not changed, by them.
    """
    empty_caches()
    renew_at_next_import()
    return {"__builtins__": BUILTINS, "__name__": MODULE_NAME, "print": sink.print}


def reseed() -> None:
    """Draw a new seed for `random`; a fork inherits the state of its parent's generator."""
    renew()
