"""The chain of schema changes, on both databases."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text

from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import Database, DatabaseLimits, migrate, open_database
from sanderling.store.account_schema import account_errands
from sanderling.store.errors import DatabaseNewer
from sanderling.store.migration import ADVISORY_LOCK, downgrade, newest_revision
from sanderling.store.schema import metadata
from support.postgres import PostgresServer

MIGRATE = """
import asyncio, sys
from sanderling.store import SQLWorkspaces, migrate, open_database

async def main():
    async with open_database(sys.argv[1]) as database:
        sys.stdin.read()
        await migrate(database)
        print(await SQLWorkspaces(database).ensure_default())

asyncio.run(main())
"""

BEGIN_ERRAND = """
INSERT INTO account_errands
    (state_digest, verifier, provider, workspace_id, channels, expires_at)
VALUES ('digest', 'sealed', 'google', 'ws_1', 'gmail', '2026-01-01 00:00:00+00')
"""


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """Yield the URL of a database without any table, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as name:
        yield server.url(name)


async def _tables(database: Database) -> set[str]:
    async with database.read() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_the_chain_runs_up_down_and_up_again(empty_url: str) -> None:
    """Every step can be taken back, and taken again."""
    async with open_database(empty_url) as database:
        await migrate(database)
        above = await _tables(database)
        await downgrade(database)
        below = await _tables(database)
        await migrate(database)

        assert {*metadata.tables, "alembic_version"} == above
        assert below == {"alembic_version"}
        assert above == await _tables(database)


async def test_migrations_build_what_the_code_expects(empty_url: str) -> None:
    """A migrated database and the tables in the code do not differ."""

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with open_database(empty_url) as database:
        await migrate(database)
        async with database.read() as connection:
            assert await connection.run_sync(differences) == []


async def test_an_earlier_release_begins_errands_meanwhile(empty_url: str) -> None:
    """A process that runs on after the migration need not know whether an errand sends."""
    async with open_database(empty_url) as database:
        await migrate(database)
        async with database.write() as connection:
            await connection.execute(text(BEGIN_ERRAND))

        async with database.read() as connection:
            sends = select(account_errands.c.sends)
            assert (await connection.execute(sends)).scalar_one() is False


async def test_migrating_again_changes_nothing(empty_url: str) -> None:
    """A start on a database that is up to date leaves it as it is, with its rows."""
    async with open_database(empty_url) as database:
        await migrate(database)
        async with database.write() as connection:
            row = "INSERT INTO workspaces VALUES ('ws_1', 'One', NULL, '2026-01-01 00:00:00+00')"
            await connection.execute(text(row))

        await migrate(database)

        async with database.read() as connection:
            count = text("SELECT count(*) FROM workspaces")
            assert (await connection.execute(count)).scalar_one() == 1


async def test_an_up_to_date_database_waits_for_nobody(empty_url: str) -> None:
    """A start with nothing to do asks for no lock, whoever writes or migrates meanwhile."""
    async with (
        open_database(empty_url) as database,
        open_database(empty_url, replace(DatabaseLimits(), migration_s=0.1)) as impatient,
    ):
        await migrate(database)
        async with database.write() as connection:
            if not database.address.is_sqlite:
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))

            await migrate(impatient)

            with pytest.raises(StoreUnavailableError):
                await downgrade(impatient)


async def test_tasks_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    """Several starts inside one process do not disturb each other."""
    async with open_database(empty_url) as database:
        await asyncio.gather(*(migrate(database) for _ in range(3)))

        assert {*metadata.tables, "alembic_version"} == await _tables(database)


@pytest.mark.slow
def test_processes_that_start_at_once_agree(empty_url: str) -> None:
    """Several processes on an empty database make one schema and one default workspace."""
    command = [sys.executable, "-c", MIGRATE, empty_url]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    answers = {process.communicate(timeout=60)[0] for process in processes}

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(answers) == 1


async def test_a_newer_database_is_left_alone(empty_url: str) -> None:
    """Code that is older than the schema refuses to touch it, and says so."""
    async with open_database(empty_url) as database:
        await migrate(database)
        async with database.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

        with pytest.raises(DatabaseNewer) as refused:
            await migrate(database)

        assert refused.value.facts["found"] == "9999"
        async with database.read() as connection:
            found = await connection.execute(text("SELECT version_num FROM alembic_version"))
            assert found.scalar_one() == "9999"


async def test_migrating_is_quiet(empty_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed, and the logging that an operator configured stays."""
    before = (logging.root.level, list(logging.root.handlers), logging.root.manager.disable)

    async with open_database(empty_url) as database:
        await migrate(database)

    assert capfd.readouterr() == ("", "")
    assert before == (
        logging.root.level,
        list(logging.root.handlers),
        logging.root.manager.disable,
    )


def test_the_chain_has_one_end() -> None:
    """Two changes made side by side would leave a database between them."""
    config = Config()
    config.set_main_option("script_location", "sanderling.store:migrations")

    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]
