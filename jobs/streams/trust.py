"""How far a stream is trusted not to bring its process down, by how often it was lost with one.

A worker may die of anything: who was lost once runs as before. Who was lost twice is in doubt, and
runs with a few like it; who was lost three times runs alone. So after a crash everything goes on
at once, and a stream that does kill its workers is found out by three of them, whatever the number
of those beside it: it takes the others along three times at most, fewer than `MOST_ATTEMPTS`, and
is parked after two more that it kills by itself.

This holds because no stream is claimed before it may begin: what only waits would be lost as well.
"""

from enum import StrEnum
from typing import Final

from jobs.streams.stream import Stream

DOUBTED_AFTER: Final = 2
ALONE_AFTER: Final = 3
"""After how many losses in a row a stream runs with a few like it, and alone."""

FEW: Final = 8
"""How many that are in doubt run together, and nobody else in their process.

Of a hundred that were lost with one process it takes 13 such groups to find the one that did it,
and then eight that run one after another.
"""


class Trust(StrEnum):
    """Beside whom a stream runs in a process."""

    FULL = "full"
    """Beside all others that have it, too."""
    DOUBT = "doubt"
    """Beside `FEW`, with this one, that are in doubt as well."""
    NONE = "none"
    """Beside no other stream."""


MOST_TOGETHER: Final = {Trust.DOUBT: FEW, Trust.NONE: 1}
"""How many that are not trusted run at once in a process."""


def trust_of(stream: Stream) -> Trust:
    """Return how far a stream is trusted that nobody holds."""
    if not stream.is_suspect or stream.attempts < DOUBTED_AFTER:
        return Trust.FULL
    return Trust.DOUBT if stream.attempts < ALONE_AFTER else Trust.NONE
