"""Call records that wait to be written, in order and within bounds."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.call import CallRecord
from sanderling.kernel.ids import CallId, WorkspaceId
from sanderling.kernel.units import MIB
from sanderling.store.call_rows import CallRow, call_row, row_bytes


@dataclass(frozen=True, slots=True)
class CallLogBounds:
    """When records are written, and how many may wait.

    A batch is written `flush_after_s` seconds after its first record, or as soon as it has
    `flush_records` or `flush_bytes`. While the database is away at most `most_records` and
    `most_bytes` wait; later ones are dropped and counted. Between tries the log waits from
    `retry_first_s` up to `retry_most_s` seconds; when it closes it tries `close_tries` times.
    """

    flush_after_s: float = 0.1
    flush_records: int = 500
    flush_bytes: int = 8 * MIB
    most_records: int = 50_000
    most_bytes: int = 128 * MIB
    retry_first_s: float = 0.2
    retry_most_s: float = 5.0
    close_tries: int = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record on its way, with the row it becomes and the memory it holds."""

    record: CallRecord
    row: CallRow
    size_bytes: int


class CallBacklog:
    """Hold records until they are written; the loop that writes them owns it."""

    def __init__(self, bounds: CallLogBounds, *, is_sqlite: bool) -> None:
        """Start empty."""
        self._bounds = bounds
        self._is_sqlite = is_sqlite
        self._queue: deque[Waiting] = deque()
        self._by_id: dict[tuple[WorkspaceId, CallId], CallRecord] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def is_batch(self) -> bool:
        """Whether enough waits that a batch should be written at once."""
        bounds = self._bounds
        return len(self._queue) >= bounds.flush_records or self._bytes >= bounds.flush_bytes

    def add(self, record: CallRecord) -> bool:
        """Take a record; False when there is no room. One whose id waits already is ignored."""
        if (record.workspace_id, record.id) in self._by_id:
            return True
        row = call_row(record, is_sqlite=self._is_sqlite)
        size_bytes = row_bytes(row)
        has_room = (
            len(self._queue) < self._bounds.most_records
            and self._bytes + size_bytes <= self._bounds.most_bytes
        )
        if has_room:
            self._queue.append(Waiting(record, row, size_bytes))
            self._by_id[record.workspace_id, record.id] = record
            self._bytes += size_bytes
        return has_room

    def next_batch(self) -> Sequence[Waiting]:
        """Return the oldest records, as many as one transaction should carry."""
        batch: list[Waiting] = []
        size_bytes = 0
        for waiting in self._queue:
            size_bytes += waiting.size_bytes
            if batch and (
                len(batch) == self._bounds.flush_records or size_bytes > self._bounds.flush_bytes
            ):
                break
            batch.append(waiting)
        return batch

    def remove_oldest(self, count: int) -> None:
        """Forget the oldest `count` records."""
        for _ in range(count):
            waiting = self._queue.popleft()
            self._bytes -= waiting.size_bytes
            del self._by_id[waiting.record.workspace_id, waiting.record.id]

    def find(self, workspace_id: WorkspaceId, call_id: CallId) -> CallRecord | None:
        """Return the waiting record with this id."""
        return self._by_id.get((workspace_id, call_id))

    def records(self) -> Iterable[CallRecord]:
        """Return every waiting record, oldest first."""
        return self._by_id.values()
