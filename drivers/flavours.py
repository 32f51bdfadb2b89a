"""Chooses the kind of worker that a function needs."""

import re

from drivers.guest.flavour import LIBRARY, PLAIN

# An import statement cannot be written without its word, and these are the only other ways to
# something that a plain worker has not loaded. A word too many costs a larger worker, no more.
_LEADS_TO_THE_LIBRARY = re.compile(
    "import|idna|punycode|namereplace|unicode.?escape", re.IGNORECASE | re.DOTALL
)


def flavour_for(source: str) -> str:
    """Return the flavour of the workers that can run `source`."""
    return LIBRARY if _LEADS_TO_THE_LIBRARY.search(source) else PLAIN
