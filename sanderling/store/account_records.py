"""What was brought in from an account: counted, removed or looked at anew, on SQL."""

from datetime import datetime

from sqlalchemy import Table, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from jobs.streams.steps import recalled
from jobs.streams.stream import AccountId
from jobs.sync.held import Stage
from jobs.sync.items import Kind
from jobs.sync.status import Progress
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.stream_schema import streams
from sanderling.store.streams import stream_of, write_streams
from sanderling.store.sync_progress import read_progress
from sanderling.store.sync_schema import calendar_events, message_wants, messages, sync_places

_stream = streams.c
_TABLES = (messages, message_wants, calendar_events, sync_places)
"""Where and what messages are goes with them."""


class SQLAccountRecords:
    """Count in the database what was brought in, remove it, or have it looked at anew."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def progress(self, account_id: AccountId, kind: Kind) -> Progress:
        """Return how much of an account is here."""
        return await read_progress(self._database, account_id, kind)

    async def forget(self, account_id: str, *, limit: int) -> int:
        """Remove some of what an account brought."""
        if not is_storable(account_id):
            return 0
        removed = 0
        async with self._database.write() as connection:
            for table in _TABLES:
                if removed < limit:
                    removed += await _remove(connection, table, account_id, limit - removed)
        return removed

    async def rescan(self, account_id: AccountId, now: datetime) -> None:
        """Have everything of an account scanned anew."""
        async with self._database.write() as connection:
            # First, so that whoever is about to write waits, and then finds that its hold is gone.
            held = (
                select(streams)
                .where(_stream.account_id == account_id)
                .order_by(_stream.id)
                .with_for_update()
            )
            rows = (await connection.execute(held)).all()
            recalls = [recalled(stream_of(row), now) for row in rows]
            await write_streams(connection, recalls)
            scan = update(sync_places).where(sync_places.c.account_id == account_id)
            anew = {"stage": Stage.NEW.value, "cursor": None, "page": None, "base": None}
            await connection.execute(scan.values(anew))


async def _remove(connection: AsyncConnection, table: Table, account_id: str, limit: int) -> int:
    key = tuple_(*table.primary_key)
    mine = select(*table.primary_key).where(table.c.account_id == account_id).limit(limit)
    return (await connection.execute(delete(table).where(key.in_(mine)))).rowcount
