"""One database and the transactions on it."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.schema import Table

from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store.address import Address, parse_address
from sanderling.store.engines import build_engines
from sanderling.store.faults import UNREADABLE, fault_of
from sanderling.store.limits import DatabaseLimits


class Database:
    """Hand out transactions; made by `open_database`, which also closes it.

    Every kind translates what the driver raises: `StoreUnavailableError` when the database is
    locked, full, read-only or away, `StoreError` when it refuses a statement. Then nothing of the
    transaction was kept.
    """

    def __init__(self, address: Address, limits: DatabaseLimits) -> None:
        """Prepare; nothing is opened yet."""
        self.address = address
        self.limits = limits
        self._engines = build_engines(address, limits)
        self._write_fault = ""
        self._closed_because = ""

    async def prepare(self) -> None:
        """Make sure that a SQLite file is there, readable by its owner alone.

        Raises:
            StoreUnavailableError: the file cannot be opened.

        """
        if self.address.path is not None:
            await asyncio.to_thread(_prepare_file, self.address.path, self.limits.lock_s)

    def hold(self, reason: str) -> None:
        """Until `release`, refuse every transaction as if the database were away for `reason`."""
        self._closed_because = reason

    def release(self) -> None:
        """Let transactions begin."""
        self._closed_because = ""

    @property
    def write_fault(self) -> str:
        """Why the last write failed; empty after one that did not."""
        return self._write_fault

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction that only reads; on SQLite it sees one snapshot."""
        self._require_open()
        with translated():
            async with (
                asyncio.timeout(self.limits.transaction_s),
                self._engines.reader.begin() as connection,
            ):
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction that may write; it is kept as a whole when the block ends well."""
        async with self._writing(self._engines.writer) as connection:
            yield connection

    @asynccontextmanager
    async def urgent(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction as `write` does that waits for no connection of the other work.

        It is for leases, which would run out while the work that they are for has every
        connection; keep it short, for there is one connection. On SQLite it waits like any other.
        """
        async with self._writing(self._engines.urgent) as connection:
            yield connection

    @asynccontextmanager
    async def _writing(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
        self._require_open()
        try:
            with translated():
                async with (
                    asyncio.timeout(self.limits.transaction_s),
                    engine.begin() as connection,
                ):
                    yield connection
        except StoreUnavailableError as error:
            self._write_fault = str(error.facts["reason"])
            raise
        self._write_fault = ""

    @asynccontextmanager
    async def probe(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction that may write and waits at most `probe_s` for anything."""
        self._require_open()
        with translated():
            async with (
                asyncio.timeout(self.limits.probe_s),
                self._engines.prober.begin() as connection,
            ):
                yield connection
        self._write_fault = ""

    def insert_missing(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that skips rows whose key is taken, so that repeating it is safe."""
        return self.insert(table).on_conflict_do_nothing()

    def replacing(
        self, table: Table, **otherwise: ColumnElement[Any]
    ) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT whose rows take the place of those with the same key.

        Its parameters are whole rows, one or many. A column that is named becomes what is said
        instead; `excluded` is the new row there.
        """
        insert = self.insert(table)
        keys = [column.name for column in table.primary_key]
        others = {name: excluded for name, excluded in insert.excluded.items() if name not in keys}
        return insert.on_conflict_do_update(index_elements=keys, set_={**others, **otherwise})

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT that fails where a key is taken."""
        return sqlite.insert(table) if self.address.is_sqlite else postgresql.insert(table)

    def upsert(self, table: Table, values: Mapping[str, object]) -> Executable:
        """Return an INSERT of one row that takes the place of the one with the same key."""
        keys = [column.name for column in table.primary_key]
        others = {name: value for name, value in values.items() if name not in keys}
        insert = self.insert(table).values(values)
        return insert.on_conflict_do_update(index_elements=keys, set_=others)

    async def close(self) -> None:
        """Close every connection."""
        await self._engines.dispose()

    def _require_open(self) -> None:
        if self._closed_because:
            raise StoreUnavailableError(reason=self._closed_because)


@contextmanager
def translated() -> Generator[None]:
    """Raise our own faults in place of what the drivers raise.

    The chain is cut on purpose: tracebacks reach the log, and the drivers' texts quote addresses,
    users and rows.
    """
    try:
        yield
    except (SQLAlchemyError, OSError, UnicodeError, OverflowError) as error:
        raise fault_of(error) from None


@asynccontextmanager
async def open_database(url: str, limits: DatabaseLimits | None = None) -> AsyncGenerator[Database]:
    """Yield the database at `url` and close it afterwards.

    A SQLite file is created readable by its owner alone; its folder must be there. PostgreSQL is
    first spoken to by the first transaction.

    Raises:
        DatabaseURLRefused: the URL is not one we support.
        StoreUnavailableError: the file cannot be opened.

    """
    async with open_unprepared_database(url, limits) as database:
        await database.prepare()
        yield database


@asynccontextmanager
async def open_unprepared_database(
    url: str, limits: DatabaseLimits | None = None
) -> AsyncGenerator[Database]:
    """Yield the database at `url`, of which nothing was touched yet, and close it afterwards.

    Raises:
        DatabaseURLRefused: the URL is not one we support.

    """
    database = Database(parse_address(url), limits or DatabaseLimits())
    try:
        yield database
    finally:
        await database.close()


def _prepare_file(path: Path, lock_s: float) -> None:
    """Make sure that the file is there, ours alone, and keeps a log beside it.

    SQLite gives its side files the mode of the file. The log lets readers go on while somebody
    writes; the file remembers that it has one, so that later connections need not ask for it.
    A file that is there is opened by SQLite alone: closing it ourselves would give up every lock
    that connections of this process hold on it, and another process would delete their log.
    """
    try:
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        raise StoreUnavailableError(reason=UNREADABLE) from None
    try:
        with closing(sqlite3.connect(path, timeout=lock_s)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise fault_of(error) from None
