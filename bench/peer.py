"""What is measured: a peer does the same work as every other, in its own way."""

from types import TracebackType
from typing import Protocol, Self


class PeerUnavailableError(Exception):
    """This peer cannot be measured here; the text says why."""


class Peer(Protocol):
    """One row of the table; entered once, used from one event loop.

    `max_lanes` is the most calls it serves at once: 1 means that only single calls are measured.
    `parks` is how many functions to park when memory is measured; 0 means that it is not.
    `is_paced` says that `prepare` takes its time: single calls are then timed one by one, and
    their rate is measured apart, without preparing.
    """

    name: str
    max_lanes: int
    parks: int
    is_paced: bool

    async def __aenter__(self) -> Self:
        """Start what calls need.

        Raises:
            PeerUnavailableError: it cannot run on this machine.

        """
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it and every process it started."""
        ...

    async def prepare(self) -> None:
        """Do what belongs before one call and is not part of it."""
        ...

    async def call(self, event_json: bytes, lane: int) -> bytes:
        """Do the work once; calls of different lanes may overlap."""
        ...

    async def park(self, first: int, count: int) -> None:
        """Keep `count` more functions ready and idle, as long as the peer lives."""
        ...
