"""Whose turn it is in one process: streams that are trusted, or some that are not.

Those that are not run while nothing else is held here, so the process first lets what it holds
come to its end. After each round of theirs the others have a turn, so that neither side waits for
ever.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto

from jobs.streams.ports import StreamStore
from jobs.streams.stream import Lane
from jobs.streams.trust import Trust
from sanderling.kernel.clock import Clock

_NS = 1e9


class Turn(Enum):
    """Who is claimed now."""

    TRUSTED = auto()
    SUSPECTS = auto()
    NOBODY = auto()
    """What is held comes to its end first."""


class Probation:
    """Take turns; one event loop owns it."""

    def __init__(self, store: StreamStore, clock: Clock, *, every_s: float) -> None:
        """Ask `store` for suspects once in `every_s`, and more often while there are some."""
        self._store = store
        self._clock = clock
        self._every_ns = round(every_s * _NS)
        self._asks_at_ns = 0
        self._is_round = False
        self._owes_others = False
        self.suspects: Mapping[Trust, Sequence[Lane]] = {}
        """The lanes of those that are due, the least trusted first."""

    async def turn(self, lanes: Collection[Lane], *, is_empty: bool) -> Turn:
        """Return whose turn it is in these lanes; `is_empty` says that nothing is held here."""
        if self._is_round and not is_empty:
            return Turn.NOBODY
        self._is_round = False
        await self._ask(lanes)
        if not self.suspects or self._owes_others:
            return Turn.TRUSTED
        return Turn.SUSPECTS if is_empty else Turn.NOBODY

    def begin_round(self) -> None:
        """Note that suspects were claimed: nobody is, until they are done, and then the others."""
        self._is_round = True
        self._owes_others = True

    def end_turn(self, *, is_empty: bool) -> bool:
        """Note that the others had their turn; True when suspects may be claimed at once."""
        self._owes_others = False
        return is_empty and bool(self.suspects)

    def put_off(self) -> None:
        """Leave suspects to others for a while: they were gone, or there was no place for them."""
        self.suspects = {}
        self._owes_others = False
        self._asks_at_ns = self._clock.monotonic_ns() + self._every_ns

    async def _ask(self, lanes: Collection[Lane]) -> None:
        now_ns = self._clock.monotonic_ns()
        if not self.suspects and now_ns < self._asks_at_ns:
            return
        found = await self._store.suspects(self._clock.now()) if lanes else ()
        ours = sorted((each for each in found if each[0] in lanes), key=_order)
        self.suspects = {
            trust: [lane for lane, other in ours if other is trust]
            for trust in (Trust.NONE, Trust.DOUBT)
            if any(other is trust for _, other in ours)
        }
        self._asks_at_ns = now_ns + self._every_ns


def _order(found: tuple[Lane, Trust]) -> tuple[str, str]:
    return (found[0].channel.value, found[0].phase.value)
