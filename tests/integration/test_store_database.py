"""Opening a database, and the transactions on it."""

import asyncio
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import (
    Database,
    DatabaseLimits,
    SQLFunctionStore,
    SQLKeyStore,
    SQLWorkspaces,
    health,
    open_database,
)
from sanderling.store.errors import StoreError
from support.databases import add_workspaces
from support.postgres import PostgresServer
from support.records import HERE, a_function


async def _pragma(database: Database, name: str) -> list[object]:
    """Return the setting as readers and as writers see it."""
    found: list[object] = []
    for transaction in (database.read, database.write):
        async with transaction() as connection:
            found.append((await connection.execute(text(f"PRAGMA {name}"))).scalar_one())
    return found


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_a_new_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    """Neither the database nor what lies beside it can be read by others."""
    async with open_database(f"sqlite:///{tmp_path}/new.db") as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE t (x)"))
        modes = _modes(tmp_path)

    assert modes == {"new.db": 0o600, "new.db-shm": 0o600, "new.db-wal": 0o600}


async def test_sqlite_is_set_up_to_be_safe(sqlite_url: str) -> None:
    """Every connection keeps references, waits for locks and leaves readers alone."""
    async with open_database(sqlite_url) as database:
        assert await _pragma(database, "journal_mode") == ["wal", "wal"]
        assert await _pragma(database, "foreign_keys") == [1, 1]
        assert await _pragma(database, "busy_timeout") == [5000, 5000]
        assert await _pragma(database, "synchronous") == [1, 1]
        assert await _pragma(database, "query_only") == [1, 0]


async def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A path that cannot be opened is refused at once, without showing it."""
    with pytest.raises(StoreUnavailableError) as raised:
        async with open_database(f"sqlite:///{tmp_path}/missing/new.db"):
            pass

    assert str(tmp_path) not in str(raised.value)


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """Something else under that name is left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 100)

    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        async with open_database(f"sqlite:///{path}"):
            pass

    assert path.read_text().startswith("Dear diary")


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    """What was written before the failure is taken back, whoever failed."""

    async def write_and_fail() -> None:
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM workspaces"))
            raise ZeroDivisionError

    await add_workspaces(database)
    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    with pytest.raises(StoreError):
        await add_workspaces(database)

    assert len(await SQLWorkspaces(database).list()) == 2


async def test_a_read_sees_one_moment(sqlite_url: str) -> None:
    """While a reader looks, others write; the reader goes on seeing what it saw."""
    count = text("SELECT count(*) FROM workspaces")
    async with open_database(sqlite_url) as database, database.read() as connection:
        before = (await connection.execute(count)).scalar_one()
        await add_workspaces(database)

        assert before == (await connection.execute(count)).scalar_one()


async def test_a_cancelled_write_leaves_nothing(database: Database) -> None:
    """A caller who goes away half-way takes the transaction with it and frees its lock."""
    started = asyncio.Event()

    async def write_and_hang() -> None:
        async with database.write() as connection:
            row = "INSERT INTO workspaces VALUES ('ws_1', 'One', NULL, '2026-01-01 00:00:00+00')"
            await connection.execute(text(row))
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_hang())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await SQLWorkspaces(database).list() == ()
    await add_workspaces(database)


async def test_no_error_shows_where_the_database_is(postgres: PostgresServer) -> None:
    """A wrong password, a wrong name and a wrong port are told without user, host or password."""
    right = postgres.url("postgres")
    for wrong in (
        right.replace("quite-secret", "hunter2"),
        right.replace("/postgres", "/missing"),
        right.replace(str(postgres.port), "1"),
    ):
        async with open_database(wrong) as database:
            with pytest.raises(StoreUnavailableError) as raised:
                await SQLKeyStore(database).list_keys(HERE)
            told = f"{raised.value} {(await health(database)).reasons} {database!r}"

        for secret in ("hunter2", "quite-secret", "127.0.0.1", str(postgres.port), "missing"):
            assert secret not in told
        assert raised.value.__suppress_context__


async def test_an_unmigrated_database_is_told(tmp_path: Path) -> None:
    """Without tables the fault says what to do."""
    async with open_database(f"sqlite:///{tmp_path}/new.db") as database:
        with pytest.raises(StoreUnavailableError, match="sanderling init"):
            await SQLKeyStore(database).list_keys(HERE)


async def test_postgresql_is_asked_with_bounds(postgres_url: str) -> None:
    """A statement cannot run for ever, and nothing of it outlives its transaction."""
    async with open_database(postgres_url, DatabaseLimits(statement_s=0.2)) as database:
        with pytest.raises(StoreUnavailableError, match="in time"):
            async with database.read() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        async with database.read() as connection:
            await connection.execute(text("COMMIT"))
            kept = await connection.execute(text("SHOW statement_timeout"))
            assert kept.scalar_one() == "0"


@pytest.mark.slow
async def test_process_that_is_frozen_amid_a_transaction_holds_up_nobody(
    postgres: PostgresServer,
) -> None:
    """PostgreSQL ends the transaction of whoever says nothing; the process hears of it later."""
    take = "UPDATE things SET number = number + 1 RETURNING number"

    with postgres.database() as name:
        postgres.execute("CREATE TABLE things AS SELECT 1 AS number", database=name)
        limits = DatabaseLimits(transaction_s=1)
        async with open_database(postgres.url(name), limits) as database:
            found = list[object]()

            async def freeze() -> None:
                async with database.write() as connection:
                    await connection.execute(text(take))
                    with ThreadPoolExecutor(1) as others:
                        # Nothing of our event loop goes on before another one has the row.
                        found.extend(
                            others.submit(postgres.execute, take, database=name).result(60)
                        )
                    await connection.execute(text(take))

            with pytest.raises(StoreUnavailableError):
                await freeze()
            async with database.read() as connection:
                kept = (await connection.execute(text("SELECT number FROM things"))).scalar_one()

    assert found == [(2,)]
    assert kept == 2


async def test_a_crowd_waits_its_turn(database_url: str) -> None:
    """More readers and writers than connections are all served."""
    async with open_database(database_url, DatabaseLimits(connections=2)) as database:
        await add_workspaces(database)
        store = SQLFunctionStore(database)

        await asyncio.gather(*(store.add_function(a_function(f"f{n}")) for n in range(12)))

        found = await asyncio.gather(*(store.find_function(HERE, f"f{n}") for n in range(12)))
        assert None not in found


async def test_a_crowd_that_waits_too_long_is_told(database_url: str) -> None:
    """A connection that never comes free is not waited for for ever."""
    limits = DatabaseLimits(connections=1, lock_s=0.05)
    async with open_database(database_url, limits) as database, database.read():
        with pytest.raises(StoreUnavailableError, match="in use"):
            await SQLKeyStore(database).list_keys(HERE)


async def test_a_second_opening_in_one_process_gives_up_no_lock_of_the_first(
    tmp_path: Path,
) -> None:
    """Else another process that closes the file would delete the log that the first one reads."""
    path = tmp_path / "sanderling.db"
    write = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('INSERT INTO seen VALUES (1)'); c.commit(); c.close()"
    )
    async with open_database(f"sqlite:///{path}") as first:
        async with first.write() as connection:
            await connection.exec_driver_sql("CREATE TABLE seen (number INTEGER)")
        async with open_database(f"sqlite:///{path}"):
            pass

        log = path.with_name(f"{path.name}-wal").stat().st_ino
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", write, str(path))

        assert await other.wait() == 0
        assert path.with_name(f"{path.name}-wal").stat().st_ino == log
        async with first.read() as connection:
            found = await connection.exec_driver_sql("SELECT count(*) FROM seen")
            assert found.scalar_one() == 1
