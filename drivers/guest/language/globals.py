"""The global names of one call, made as cheaply as an empty dict allows."""

from drivers.guest.language.builtin_names import BUILTINS
from drivers.guest.language.renewal import RENEWAL
from drivers.guest.language.sink import Sink

MODULE_NAME = "function"
"""What `__module__` of user classes says."""


def build_globals(sink: Sink) -> dict[str, object]:
    """Return fresh globals for one call, in which `print` writes to `sink`.

    Everything else is shared between calls and cannot be reached, hence not changed, by them.
    """
    RENEWAL.is_due = True
    return {"__builtins__": BUILTINS, "__name__": MODULE_NAME, "print": sink.print}
