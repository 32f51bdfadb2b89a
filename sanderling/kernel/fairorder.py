"""Whose turn it is among those who want the same thing: start-time fair queueing.

Everyone who wants something has a tag, and the lowest tag comes first. Getting it moves the tag
on by one; the tag of whoever got it last is the virtual time. Who comes anew begins at the
virtual time: not behind the backlog of others, and not ahead of them by what was left unused
before. Whoever leaves keeps a tag that lies ahead, as a debt, until the virtual time has reached
it, so that leaving and coming back wins nothing.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class FairOrder(Generic[K]):
    """Order those who want something; of two with the same tag, who came first is first.

    While n want something and all of them may have it, each gets it once in n times. Values
    only: nothing here waits, and one event loop owns it.
    """

    __slots__ = ("_arrivals", "_debts", "_line", "_places", "virtual")

    def __init__(self) -> None:
        """Start with nobody, at virtual time 0."""
        self.virtual = 0
        self._arrivals = 0
        self._line: list[tuple[int, int, K]] = []
        self._places: dict[K, tuple[int, int, K]] = {}
        # No tag is more than one ahead of the virtual time, so all debts are the same one.
        self._debts: set[K] = set()

    def __len__(self) -> int:
        """Return how many want something."""
        return len(self._line)

    def __contains__(self, key: K) -> bool:
        """Claim that `key` wants something."""
        return key in self._places

    def join(self, key: K) -> None:
        """Let `key` want something; nothing changes for one who does already."""
        if key not in self._places:
            self._insert(key, self.virtual + (key in self._debts))

    def leave(self, key: K) -> None:
        """Let `key` want nothing any more; nothing changes for one who does not."""
        if key not in self._places:
            return
        tag = self._remove(key)
        if not self._line:
            # Nobody waits, so nobody is wronged by whoever comes first now.
            self._advance(self.virtual + 1)
        elif tag > self.virtual:
            self._debts.add(key)

    def first(
        self,
        is_allowed: Callable[[K], bool],
        is_preferred: Callable[[K], bool] = lambda _: True,
    ) -> K | None:
        """Return who is next among those allowed: a preferred one, if there is one at all."""
        fallback: K | None = None
        for _, _, key in self._line:
            if not is_allowed(key):
                continue
            if is_preferred(key):
                return key
            if fallback is None:
                fallback = key
        return fallback

    def charge(self, key: K) -> None:
        """Note that `key`, who wanted something, gets it; it goes on wanting more."""
        # A tag behind the virtual time is one that was passed over; it must not save that up.
        self._advance(max(self._remove(key), self.virtual))
        self._insert(key, self.virtual + 1)

    def _insert(self, key: K, tag: int) -> None:
        self._arrivals += 1
        place = self._places[key] = (tag, self._arrivals, key)
        insort(self._line, place)

    def _remove(self, key: K) -> int:
        place = self._places.pop(key)
        # No two places have the same arrival, so keys are never compared.
        del self._line[bisect_left(self._line, place)]
        return place[0]

    def _advance(self, virtual: int) -> None:
        if virtual > self.virtual:
            self.virtual = virtual
            self._debts.clear()
