"""What slices of streams came to, on SQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, tuple_

from jobs.streams.stream import Phase, StreamId
from jobs.sync.history import MOST_KEPT, SliceRecord
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, read_all
from sanderling.store.stream_schema import streams, sync_slices

_rows = sync_slices.c


class SQLSliceHistory:
    """Keep slices in the database; they go with their stream."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def add(self, record: SliceRecord) -> None:
        """Keep a slice."""
        mine = _rows.stream_id == record.stream_id
        kept = select(_rows.fence).where(mine).order_by(_rows.fence.desc())
        is_there = select(streams.c.id).where(streams.c.id == record.stream_id).with_for_update()
        async with self._database.write() as connection:
            # Locked, so that nobody removes the stream before its slice is kept.
            if (await connection.execute(is_there)).one_or_none() is None:
                return
            await connection.execute(self._database.insert_missing(sync_slices), [_row(record)])
            first_to_go = kept.offset(MOST_KEPT).limit(1).scalar_subquery()
            await connection.execute(delete(sync_slices).where(mine, _rows.fence <= first_to_go))

    async def latest(self, stream_id: StreamId, *, limit: int) -> Sequence[SliceRecord]:
        """Return slices of a stream."""
        query = select(sync_slices).where(_rows.stream_id == stream_id)
        return await read_all(
            self._database, query.order_by(_rows.fence.desc()).limit(limit), _record
        )

    async def forget(self, *, ended_before: datetime, limit: int) -> int:
        """Remove slices that ended earlier."""
        old = (
            select(_rows.stream_id, _rows.fence)
            .where(_rows.ended_at < ended_before)
            .order_by(_rows.ended_at)
            .limit(limit)
        )
        async with self._database.write() as connection:
            keys = [(row.stream_id, row.fence) for row in await connection.execute(old)]
            if keys:
                going = delete(sync_slices).where(tuple_(_rows.stream_id, _rows.fence).in_(keys))
                await connection.execute(going)
        return len(keys)


def _row(record: SliceRecord) -> dict[str, object]:
    return {
        "stream_id": record.stream_id,
        "fence": record.fence,
        "phase": record.phase.value,
        "began_at": record.began_at,
        "ended_at": record.ended_at,
        "requests": record.requests,
        "items": record.items,
        "units": record.units,
        "detail": record.detail,
        "failure_kind": record.failure_kind,
    }


def _record(row: AnyRow) -> SliceRecord:
    return SliceRecord(
        stream_id=StreamId(row.stream_id),
        fence=row.fence,
        phase=Phase(row.phase),
        began_at=row.began_at,
        ended_at=row.ended_at,
        requests=row.requests,
        items=row.items,
        units=row.units,
        detail=row.detail,
        failure_kind=row.failure_kind,
    )
