"""What goes wrong with SQLite files, brought about for real."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager

from sanderling.store import Database


@contextmanager
def locked(url: str) -> Generator[None]:
    """Hold the write lock of the file, as another process would that hangs half-way."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


async def fill_disk(database: Database) -> None:
    """Let the file of `database` grow no further."""
    await _bound_pages(database, 1)


async def free_disk(database: Database) -> None:
    """Let the file of `database` grow again."""
    await _bound_pages(database, 2**30)


async def _bound_pages(database: Database, pages: int) -> None:
    # SQLite raises a bound that is too low to the size that the file has. The bound belongs to
    # the connection, and there is just one that writes.
    async with database.write() as connection:
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
