"""What a part of the process promises that follows settings while it runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from config.variables import Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new part that was built and tried, and is not yet in force.

    One of the two is called, once: `swap` puts it in force at once and cannot fail; `discard`
    gives back what it took.
    """

    swap: Callable[[], None]
    discard: Callable[[], Awaitable[None]]


class Subscriber(Protocol):
    """Rebuild one part when what it is built from changes.

    Preparing changes nothing that is in force. After a swap new work meets the new part, work in
    flight ends on the old one, and the old one is closed when that is done; nobody waits for it
    but whoever closes the process.
    """

    @property
    def name(self) -> str:
        """What people call the part, for example `driver`."""
        ...

    def needs(self, settings: Settings) -> object:
        """Return the values that the part is built from; it is rebuilt when they are not equal."""
        ...

    async def prepare(self, settings: Settings) -> Prepared:
        """Build the new part beside the old one and try it.

        Raises:
            Failure: it cannot be had; nothing is left of it, and the old one goes on.

        """
        ...
