"""Builds the SQLAlchemy engines and tells each new connection how to behave.

SQLite has one writer at a time. A transaction that starts by reading and then writes can fail
half-way because another got in between, and waiting would not help it; so writers say so at once
with BEGIN IMMEDIATE and queue for the lock, while readers take a snapshot and never wait.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from sanderling.kernel.units import MIB
from sanderling.store.address import Address
from sanderling.store.limits import DatabaseLimits


class _Cursor(Protocol):
    def execute(self, statement: str, /) -> object: ...
    def close(self) -> object: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...


@dataclass(frozen=True, slots=True)
class Engines:
    """Where transactions come from: those that read or write, quick probes, and what is urgent."""

    reader: AsyncEngine
    writer: AsyncEngine
    prober: AsyncEngine
    urgent: AsyncEngine

    async def dispose(self) -> None:
        """Close every connection."""
        for engine in {self.reader, self.writer, self.prober, self.urgent}:
            await engine.dispose()


def build_engines(address: Address, limits: DatabaseLimits) -> Engines:
    """Return engines for `address`; nothing is opened yet."""
    if not address.is_sqlite:
        engine = _postgresql(address, limits, connections=limits.connections)
        return Engines(engine, engine, engine, _postgresql(address, limits, connections=1))
    writer = _sqlite_writer(address, limits)
    return Engines(
        reader=_sqlite_reader(address, limits),
        writer=writer,
        prober=_sqlite_prober(address, limits),
        # Whoever writes to the file waits for all others, on whatever connection.
        urgent=writer,
    )


def _sqlite_reader(address: Address, limits: DatabaseLimits) -> AsyncEngine:
    engine = create_async_engine(
        address.waiting,
        pool_size=limits.connections,
        max_overflow=0,
        pool_timeout=limits.lock_s,
        connect_args=sqlite_arguments(limits.lock_s),
        hide_parameters=True,
    )
    prepare_sqlite(engine, begin="BEGIN", is_reader=True)
    return engine


def _sqlite_writer(address: Address, limits: DatabaseLimits) -> AsyncEngine:
    # There is one writer at a time anyway; a pool of one makes the tasks of this process queue
    # in order instead of polling the file's lock.
    engine = create_async_engine(
        address.waiting,
        pool_size=1,
        max_overflow=0,
        pool_timeout=limits.lock_s,
        connect_args=sqlite_arguments(limits.lock_s),
        hide_parameters=True,
    )
    prepare_sqlite(engine, begin="BEGIN IMMEDIATE")
    return engine


def _sqlite_prober(address: Address, limits: DatabaseLimits) -> AsyncEngine:
    engine = create_async_engine(
        address.waiting,
        poolclass=NullPool,
        connect_args=sqlite_arguments(limits.probe_s / 2),
        hide_parameters=True,
    )
    prepare_sqlite(engine, begin="BEGIN IMMEDIATE")
    return engine


def sqlite_arguments(lock_s: float) -> dict[str, object]:
    """Return what to open SQLite with: our own BEGINs, and patience for `lock_s` seconds."""
    return {"isolation_level": None, "timeout": lock_s}


def prepare_sqlite(engine: AsyncEngine, *, begin: str, is_reader: bool = False) -> None:
    """Make each connection of `engine` safe and each transaction start with `begin`."""

    def configure(connection: _DriverConnection, _record: object) -> None:
        cursor = connection.cursor()
        # NORMAL leaves out one fsync per commit: a killed process loses nothing, a power cut may
        # undo the last commits, and neither can leave half of one.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA journal_size_limit={64 * MIB}")
        if is_reader:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", configure)
    event.listen(engine.sync_engine, "begin", start)


def _postgresql(address: Address, limits: DatabaseLimits, *, connections: int) -> AsyncEngine:
    engine = create_async_engine(
        address.waiting,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=limits.lock_s,
        # A server that restarted has forgotten our connections; asking first replaces them.
        pool_pre_ping=True,
        connect_args=postgresql_arguments(limits),
        use_native_hstore=False,
        hide_parameters=True,
    )
    # Set per transaction and not per session: behind a transaction pooler the next transaction
    # may run in another session. A process that is frozen amid one keeps its locks until the
    # server ends it.
    bounds = (
        f"SET LOCAL statement_timeout = {_ms(limits.statement_s)};"
        f"SET LOCAL lock_timeout = {_ms(limits.lock_s)};"
        f"SET LOCAL idle_in_transaction_session_timeout = {_ms(limits.transaction_s)}"
    )

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(bounds)

    event.listen(engine.sync_engine, "begin", start)
    return engine


def postgresql_arguments(limits: DatabaseLimits) -> dict[str, object]:
    """Return what to connect to PostgreSQL with."""
    return {
        "application_name": "sanderling",
        "connect_timeout": math.ceil(limits.connect_s),
        # Data that nobody acknowledges means that the server, or the way to it, is gone.
        "tcp_user_timeout": _ms(limits.transaction_s),
        # Prepared statements belong to a session, which a transaction pooler does not keep.
        "prepare_threshold": None,
    }


def _ms(duration_s: float) -> int:
    return math.ceil(duration_s * 1000)
