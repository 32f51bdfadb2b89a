"""Removal of what was brought in from an account, on SQL."""

from sqlalchemy import Table, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.sync_schema import calendar_events, message_wants, messages, sync_places

_TABLES = (messages, message_wants, calendar_events, sync_places)
"""Where and what messages are goes with them."""


class SQLAccountRecords:
    """Remove from the database what was brought in."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

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


async def _remove(connection: AsyncConnection, table: Table, account_id: str, limit: int) -> int:
    key = tuple_(*table.primary_key)
    mine = select(*table.primary_key).where(table.c.account_id == account_id).limit(limit)
    return (await connection.execute(delete(table).where(key.in_(mine)))).rowcount
