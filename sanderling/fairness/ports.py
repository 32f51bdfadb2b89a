"""What fairness needs from others: kept in memory beside us, or in `sanderling.redis`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sanderling.fairness.cap import Cap
from sanderling.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Turn:
    """A workspace's right to have its next execution run, held as a lease.

    `token` tells it apart from every other turn; `fence` is higher than that of every turn taken
    before it.
    """

    workspace_id: WorkspaceId
    token: str
    fence: int


class Turns(Protocol):
    """Hand out turns to workspaces that have work, fairly, over every process.

    The lowest virtual time comes first, and a workspace that is at its soft cap only when none
    below its own may go. No cap is ever passed, and no place stays free while a workspace that
    may go is ready. A turn is a lease: it ends with `give_back`, or when it was not renewed in
    time, and its workspace is then ready again.

    Which execution a turn is for is not decided here. Losing what is kept here loses no work:
    whoever knows of work says `ready` again.
    When the place where all processes count is away, each process hands out turns by itself, in
    fair order and by its share of the caps, and no method raises.
    """

    async def ready(self, workspace_id: WorkspaceId) -> None:
        """Note that the workspace has work; saying so again changes nothing."""
        ...

    async def take(self, holder: str) -> Turn | None:
        """Return the next turn, for `holder`, or None when nobody is ready or a cap is reached.

        The workspace stays ready: each turn of it finds work, until one does not.
        """
        ...

    async def renew(self, turn: Turn) -> bool:
        """Hold a turn for another lease; False when it is lost, and somebody else may have it."""
        ...

    async def give_back(self, turn: Turn, *, has_more: bool) -> None:
        """End a turn; one that is lost already, or was given back before, changes nothing.

        `has_more` False says that there was no work. The workspace is not ready any more then,
        unless somebody said `ready` after the turn was taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class Slot:
    """One place under each of `caps`, held as a lease of `lease_s` seconds by `token`."""

    token: str
    caps: tuple[Cap, ...]
    lease_s: float


@dataclass(frozen=True, slots=True)
class CapReached:
    """No slot was to be had: `cap` is the first that had no place, and `in_use` are taken."""

    cap: Cap
    in_use: int


class Slots(Protocol):
    """Count what runs at once under several caps, over every process, all or nothing.

    A slot is a lease: it ends with `release`, or when it was neither renewed nor released in
    time, and a holder that comes late ends nobody else's. A cap that was lowered is kept as those
    above it end.

    When the place where all processes count is away, each process keeps to its share, which is
    the cap over the number of processes that were counting, at least 1; slots it holds already
    count in it, and no method raises.
    """

    async def acquire(
        self, caps: Sequence[Cap], *, holder: str, lease_s: float
    ) -> Slot | CapReached:
        """Take one place under each of `caps`, whose keys differ, or under none."""
        ...

    async def renew(self, slot: Slot) -> bool:
        """Hold a slot for another lease; False when it is lost under any of its caps."""
        ...

    async def release(self, slot: Slot) -> None:
        """Give a slot back; one that is lost already, or was released before, changes nothing."""
        ...
