"""A waiting line that is fair between groups, and inside each group between its members.

For calls the groups are workspaces and the members are functions: neither a noisy workspace nor
a noisy function of the same workspace makes others wait for its backlog.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from sanderling.kernel.fairorder import FairOrder

G = TypeVar("G", bound=Hashable)
M = TypeVar("M", bound=Hashable)
T = TypeVar("T")


class _Group(Generic[M, T]):
    __slots__ = ("items", "order", "size")

    def __init__(self) -> None:
        self.size = 0
        self.order: FairOrder[M] = FairOrder()
        self.items: dict[M, deque[T]] = {}


class FairLine(Generic[G, M, T]):
    """Items that wait; those of one member are first come, first served.

    Items are told apart by identity or equality, and no item is in the line twice.
    """

    __slots__ = ("_groups", "_order", "_size")

    def __init__(self) -> None:
        """Start empty."""
        self._size = 0
        self._order: FairOrder[G] = FairOrder()
        self._groups: dict[G, _Group[M, T]] = {}

    def __len__(self) -> int:
        """Return how many items wait."""
        return self._size

    @property
    def groups(self) -> int:
        """How many groups have items that wait."""
        return len(self._order)

    def size_of(self, group: G) -> int:
        """Return how many items of `group` wait."""
        held = self._groups.get(group)
        return held.size if held is not None else 0

    def push(self, group: G, member: M, item: T) -> None:
        """Put `item` at the end of those of `member`."""
        held = self._groups.get(group)
        if held is None:
            held = self._groups[group] = _Group()
            self._order.join(group)
        items = held.items.get(member)
        if items is None:
            items = held.items[member] = deque()
            held.order.join(member)
        items.append(item)
        held.size += 1
        self._size += 1

    def first(
        self,
        *,
        may_group: Callable[[G], bool],
        may_member: Callable[[M], bool],
        is_preferred: Callable[[G], bool],
    ) -> T | None:
        """Return the item whose turn it is, and leave it where it is; None when none may.

        Groups that are preferred come before others, however long those have waited.
        """
        found = self._find(may_group, may_member, is_preferred)
        return None if found is None else self._groups[found[0]].items[found[1]][0]

    def _find(
        self,
        may_group: Callable[[G], bool],
        may_member: Callable[[M], bool],
        is_preferred: Callable[[G], bool],
    ) -> tuple[G, M] | None:
        def may(group: G) -> bool:
            return may_group(group) and self._groups[group].order.first(may_member) is not None

        group = self._order.first(may, is_preferred)
        if group is None:
            return None
        member = self._groups[group].order.first(may_member)
        return None if member is None else (group, member)

    def pop(self, group: G, member: M) -> T:
        """Take the first item of `member`, whose turn it was, out of the line."""
        held = self._groups[group]
        item = held.items[member].popleft()
        self._order.charge(group)
        held.order.charge(member)
        self._settle(group, member)
        return item

    def remove(self, group: G, member: M, item: T) -> bool:
        """Take `item` out wherever it stands; False when it is not there."""
        held = self._groups.get(group)
        items = held.items.get(member) if held is not None else None
        if not items or item not in items:
            return False
        items.remove(item)
        self._settle(group, member)
        return True

    def _settle(self, group: G, member: M) -> None:
        held = self._groups[group]
        held.size -= 1
        self._size -= 1
        if not held.items[member]:
            del held.items[member]
            held.order.leave(member)
        if not held.size:
            del self._groups[group]
            self._order.leave(group)

    def youngest_of_longest(self, *, than: G) -> T | None:
        """Return the last item of the longest member of the group with most items.

        None unless taking it out and putting one of `than` in would leave that group the longer,
        so that two groups never push each other out in turns.
        """
        group = max(self._groups, key=lambda each: self._groups[each].size, default=than)
        held = self._groups.get(group)
        if held is None or held.size <= self.size_of(than) + 1:
            return None
        return max(held.items.values(), key=len)[-1]

    def __iter__(self) -> Iterator[T]:
        """Iterate over all items, in no particular order."""
        for held in self._groups.values():
            for items in held.items.values():
                yield from items
