"""What streams need from others; the adapters live in `sanderling.store` and beside us."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from jobs.streams.stream import (
    AccountId,
    Channel,
    Lane,
    LaneOutlook,
    Lease,
    Stream,
    StreamClaim,
    StreamId,
    StreamStatus,
)
from jobs.streams.trust import Trust


class StreamStore(Protocol):
    """Keep streams. Its rows are the truth.

    Any number of processes may claim at once: a stream has one holder, and so has an account over
    all of its streams. Every write of a holder is guarded by its fence. When the database is away
    or refuses, every method raises `StoreUnavailableError` and nothing was changed.
    """

    async def open(self, new: Sequence[Stream]) -> None:
        """Keep streams that are new; an account's channel that is kept already stays as it is."""
        ...

    async def of_account(self, account_id: AccountId) -> Sequence[Stream]:
        """Return the streams of an account, by channel."""
        ...

    async def close(self, account_id: AccountId) -> None:
        """Remove the streams of an account; who holds one changes nothing any more."""
        ...

    async def claim(
        self, lane: Lane, claim: StreamClaim, *, limit: int, trust: Trust = Trust.FULL
    ) -> Sequence[Stream]:
        """Return at most `limit` due streams of a lane that are trusted so far, held from now on.

        Workspaces take turns: each has its first due stream chosen before any has its second, and
        within one the longest due comes first. Of an account at most one stream is chosen, and
        none while another is held. Only active ones are due.
        """
        ...

    async def renew(self, leases: Sequence[Lease], *, until: datetime) -> frozenset[StreamId]:
        """Lengthen leases, and return which are still held; the others are lost."""
        ...

    async def settle(self, ended: Sequence[tuple[Lease, Stream]]) -> frozenset[StreamId]:
        """Write what became of held streams, and return which were; the others are lost.

        A status that somebody set meanwhile stays, and a slice that somebody asked for meanwhile
        is due: see `merged`.
        """
        ...

    async def heal(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Free at most `limit` streams whose lease ran out, as `lost` says, and return them."""
        ...

    async def recover(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Try at most `limit` parked streams once more whose moment has come, and return them.

        It is as `recovered` says; those that wait longest come first.
        """
        ...

    async def unstick(self, now: datetime, *, limit: int) -> Sequence[Stream]:
        """Let at most `limit` streams that are stuck be due, as `unstuck` says; return them."""
        ...

    async def switch(
        self, stream_id: StreamId, status: StreamStatus, now: datetime, detail: str = ""
    ) -> bool:
        """Pause, park or let go on, as `switched` says; False when there is no such stream."""
        ...

    async def ask(self, stream_id: StreamId, now: datetime) -> bool:
        """Want a slice out of turn, as `asked` says; False when there is no such stream."""
        ...

    async def hasten(self, lane: Lane, turn: Callable[[StreamId], datetime], now: datetime) -> int:
        """Let streams of a lane that wait for their turn be due by `turn`, where that is earlier.

        What backs off, rests, or was lost or broken, keeps its moment. Return how many it was.
        """
        ...

    async def hint(self, account_id: AccountId, channel: Channel, now: datetime) -> int:
        """Let a stream be due of which its provider says that something changed.

        It is as `hinted` says for those that are `is_open_to_hints`, and nothing is written for
        others. Return how many it was: 0 or 1.
        """
        ...

    async def outlook(self, lane: Lane, now: datetime) -> LaneOutlook:
        """Return what is ahead in a lane; what is held is neither due nor first."""
        ...

    async def suspects(self, now: datetime) -> frozenset[tuple[Lane, Trust]]:
        """Return the lanes of due streams that are not fully trusted, and how far those are.

        Those that nobody could claim now, because their account is held, are left out.
        """
        ...

    async def backlog(self, now: datetime) -> Mapping[Lane, int]:
        """Return how many streams of each lane are due and held by nobody."""
        ...
