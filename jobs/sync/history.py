"""What slices of a stream came to, for people who want to know how sync has been going."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from jobs.streams.stream import Phase, StreamId

MOST_KEPT: Final = 50
"""How many slices of one stream are kept, the newest."""


@dataclass(frozen=True, slots=True)
class SliceRecord:
    """One slice that brought something in or failed; `fence` is that of the claim it was done by.

    `units` are those of the provider's quota. `failure_kind` is None when nothing went wrong, and
    `detail` a sentence in either case.
    """

    stream_id: StreamId
    fence: int
    phase: Phase
    began_at: datetime
    ended_at: datetime
    requests: int
    items: int
    units: int
    detail: str
    failure_kind: str | None = None


class SliceHistory(Protocol):
    """Keep the newest slices of each stream; the suite is `test_slice_history_contract.py`.

    When the database is away every method raises `StoreUnavailableError` and nothing was changed.
    """

    async def add(self, record: SliceRecord) -> None:
        """Keep a slice, and of its stream no more than `MOST_KEPT`; the oldest goes.

        One of a stream that is not there, or that is kept already, changes nothing.
        """
        ...

    async def latest(self, stream_id: StreamId, *, limit: int) -> Sequence[SliceRecord]:
        """Return slices of a stream, the newest first; none of a stream that is not there."""
        ...

    async def forget(self, *, ended_before: datetime, limit: int) -> int:
        """Remove at most `limit` slices that ended earlier; return how many it was."""
        ...


class MemorySliceHistory:
    """Keep slices for as long as this process lives.

    It belongs to one event loop; no method waits, so each one is atomic.
    """

    def __init__(self, is_there: Callable[[StreamId], bool]) -> None:
        """Start empty; `is_there` says whether a stream is."""
        self._is_there = is_there
        self._kept: dict[StreamId, dict[int, SliceRecord]] = defaultdict(dict)

    async def add(self, record: SliceRecord) -> None:
        """Keep a slice."""
        if not self._is_there(record.stream_id):
            return
        kept = self._kept[record.stream_id]
        kept.setdefault(record.fence, record)
        for fence in sorted(kept)[:-MOST_KEPT]:
            del kept[fence]

    async def latest(self, stream_id: StreamId, *, limit: int) -> Sequence[SliceRecord]:
        """Return slices of a stream."""
        if not self._is_there(stream_id):
            return ()
        kept = self._kept[stream_id]
        return tuple(kept[fence] for fence in sorted(kept, reverse=True)[:limit])

    async def forget(self, *, ended_before: datetime, limit: int) -> int:
        """Remove slices that ended earlier."""
        old = [
            each
            for kept in self._kept.values()
            for each in kept.values()
            if each.ended_at < ended_before
        ][:limit]
        for each in old:
            del self._kept[each.stream_id][each.fence]
        return len(old)
