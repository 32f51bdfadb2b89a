"""Which accounts this process holds, by its own clock: nothing is asked for an account after that.

The rows refuse what is written under a lease that is over, and a provider refuses nothing: a
process that was frozen, or whose database answers late, has to know by itself that its time is up
when another one may have taken over.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from jobs.streams.errors import HoldOver
from jobs.streams.stream import Stream, StreamId
from sanderling.kernel.clock import Clock

MayAsk: TypeAlias = Callable[[str], None]
"""Raises `HoldOver` when nothing may be asked for an account any more."""

_Claim: TypeAlias = tuple[StreamId, int]


def always(_account_id: str) -> None:
    """Let everything be asked, outside of slices."""


class Holds:
    """Until when accounts are held; one event loop owns it."""

    def __init__(self, clock: Clock) -> None:
        """Hold nothing yet."""
        self._clock = clock
        self._held: dict[str, tuple[_Claim, datetime]] = {}

    def keep(self, stream: Stream, until: datetime) -> None:
        """Hold the account of a stream that was claimed until then, and no longer."""
        self._held[stream.account_id] = (_claim_of(stream), until)

    def drop(self, stream: Stream) -> None:
        """Hold the account for this claim no longer; a later claim goes on to hold it."""
        held = self._held.get(stream.account_id)
        if held is not None and held[0] == _claim_of(stream):
            del self._held[stream.account_id]

    def require(self, account_id: str) -> None:
        """Return while an account is held.

        Raises:
            HoldOver: it is not, or not any more.

        """
        held = self._held.get(account_id)
        if held is None or self._clock.now() >= held[1]:
            raise HoldOver(account=account_id)


def _claim_of(stream: Stream) -> _Claim:
    return stream.id, stream.fence
