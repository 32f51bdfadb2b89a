"""Fresh, migrated databases of both kinds."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from sanderling.store import Database, migrate, open_database
from sanderling.store.schema import workspaces
from support.records import HERE, START, THERE


def migrate_now(url: str) -> None:
    """Bring the database at `url` up to date, from code that has no event loop of its own.

    The loop runs in another thread, so that the one a test may have is left alone.
    """

    async def run() -> None:
        async with open_database(url) as database:
            await migrate(database)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result(timeout=60)


async def add_workspaces(database: Database) -> None:
    """Keep the two workspaces that records of tests belong to."""
    rows = [
        {"id": workspace_id, "name": workspace_id, "mark": None, "created_at": START}
        for workspace_id in (HERE, THERE)
    ]
    async with database.write() as connection:
        await connection.execute(workspaces.insert(), rows)
