"""What the stores and their health say while the database is locked, full, away or hanging."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from drivers.port import HealthState
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import (
    Database,
    DatabaseLimits,
    SQLFunctionStore,
    SQLKeyStore,
    SQLWorkspaces,
    health,
    migrate,
    open_database,
)
from support.databases import add_workspaces
from support.postgres import PostgresServer
from support.records import HERE, START, a_definition, a_function, a_key, a_version
from support.sqlite import fill_disk, free_disk, locked

IMPATIENT = DatabaseLimits(lock_s=0.05, probe_s=1.0)

HUGE = a_definition("#" * 1_000_000)


class Stores:
    """Every store on one database that has a little of everything."""

    def __init__(self, database: Database) -> None:
        """Use `database`; `fill` puts something in."""
        self.database = database
        self.functions = SQLFunctionStore(database)
        self.keys = SQLKeyStore(database)
        self.workspaces = SQLWorkspaces(database)
        self.function = a_function("kept")
        self.key = a_key()

    async def fill(self) -> None:
        """Keep one of each."""
        await add_workspaces(self.database)
        await self.functions.add_function(self.function)
        await self.functions.add_version(a_version(self.function))
        await self.keys.add_key(self.key)

    def changes(self) -> list[Callable[[], Awaitable[Any]]]:
        """Return every way to add or change, each too large for a disk that is full."""
        functions, function = self.functions, self.function
        version = replace(a_version(function), definition=HUGE, digest=HUGE.digest)
        return [
            lambda: functions.add_function(replace(a_function("new"), draft=HUGE)),
            lambda: functions.save_draft(HERE, function.id, HUGE, saved_at=START),
            lambda: functions.add_version(version),
            lambda: self.keys.add_key(replace(a_key(), name="k" * 1_000_000)),
            lambda: self.workspaces.add("w" * 1_000_000),
        ]

    def small_changes(self) -> list[Callable[[], Awaitable[Any]]]:
        """Return the ways to change that need no room, to be done in this order."""
        return [
            lambda: self.functions.set_live_version(HERE, self.function.id, 1),
            lambda: self.keys.revoke_key(HERE, self.key.id, revoked_at=START),
            self.workspaces.ensure_default,
            lambda: self.functions.delete_function(HERE, self.function.id),
        ]

    async def everything(self) -> list[object]:
        """Return all that is kept."""
        return [
            await self.functions.list_functions(HERE, limit=100, cursor=None),
            await self.functions.list_versions(HERE, self.function.id, limit=100, cursor=None),
            await self.keys.list_keys(HERE),
            await self.workspaces.list(),
        ]


@asynccontextmanager
async def stores(url: str, limits: DatabaseLimits = IMPATIENT) -> AsyncGenerator[Stores]:
    """Yield filled stores on the database at `url`."""
    async with open_database(url, limits) as database:
        opened = Stores(database)
        await opened.fill()
        yield opened


async def refusals(changes: Sequence[Callable[[], Awaitable[Any]]]) -> set[str]:
    """Try every change; return why they were refused, which all of them must be."""
    reasons: set[str] = set()
    for change in changes:
        with pytest.raises(StoreUnavailableError) as raised:
            await change()
        reasons.add(str(raised.value.facts["reason"]))
    return reasons


async def test_a_locked_file_can_be_read_and_not_changed(sqlite_url: str) -> None:
    """While another holds the lock readers go on; afterwards writers do."""
    async with stores(sqlite_url) as kept:
        changes = [*kept.changes(), *kept.small_changes()]
        before = await kept.everything()

        with locked(sqlite_url):
            assert await refusals(changes) == {"it stayed locked by other work"}
            assert before == await kept.everything()
            ill = await health(kept.database)
        for change in changes:
            await change()

        assert ill.state is HealthState.DEGRADED
        assert "locked" in ill.reasons[0]
        assert (await health(kept.database)).state is HealthState.OK


async def test_a_full_disk_leaves_nothing_half_written(sqlite_url: str) -> None:
    """What does not fit is refused as a whole; when there is room everything works again."""
    async with stores(sqlite_url) as kept:
        before = await kept.everything()
        await fill_disk(kept.database)

        assert await refusals(kept.changes()) == {"its disk is full"}

        assert before == await kept.everything()
        await free_disk(kept.database)
        for change in kept.changes():
            await change()
        assert (await health(kept.database)).state is HealthState.OK


@pytest.mark.slow
async def test_a_server_that_crashes_is_found_again(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """While it is away everything is refused; the connections heal by themselves."""
    async with stores(postgres_url) as kept:
        changes = [*kept.changes(), *kept.small_changes()]
        before = await kept.everything()

        postgres.stop()
        try:
            assert await refusals([*changes, kept.everything]) == {"it is away"}
            ill = await health(kept.database)
        finally:
            postgres.start()

        assert before == await kept.everything()
        for change in changes:
            await change()
        assert ill.state is HealthState.DOWN
        assert "away" in ill.reasons[0]
        assert (await health(kept.database)).state is HealthState.OK


@pytest.mark.slow
async def test_a_server_that_hangs_is_not_waited_for(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """A server that says nothing is given up on in time, and used again when it speaks."""
    limits = DatabaseLimits(transaction_s=0.5, probe_s=0.5, connections=3)
    async with stores(postgres_url, limits) as kept:
        before = await kept.everything()

        with postgres.paused():
            tried = [kept.everything, kept.workspaces.ensure_default]
            assert await refusals(tried) == {"it did not answer in time"}
            ill = await health(kept.database)

        assert ill.state is HealthState.DOWN
        assert before == await kept.everything()
        assert (await health(kept.database)).state is HealthState.OK


async def test_a_server_that_takes_no_writes_is_degraded(postgres: PostgresServer) -> None:
    """A replica, or a server that was set to read only, can be read and says what is wrong."""
    with postgres.database() as name:
        async with open_database(postgres.url(name)) as database:
            await migrate(database)
        postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        async with open_database(postgres.url(name)) as database:
            ill = await health(database)
            keys = await SQLKeyStore(database).list_keys(HERE)
            with pytest.raises(StoreUnavailableError, match="cannot be written"):
                await SQLWorkspaces(database).add("new")

    assert ill.state is HealthState.DEGRADED
    assert "cannot be written" in ill.reasons[0]
    assert keys == ()


async def test_a_database_without_tables_is_down(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Health looks at a table of ours, not just at the connection."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    async with open_database(f"sqlite:///{path}") as database:
        ill = await health(database)

    assert ill.state is HealthState.DOWN
    assert "tables are missing" in ill.reasons[0]


async def test_a_database_that_works_is_healthy(database: Database) -> None:
    """Health is ok without reasons, and looking leaves no trace."""
    await add_workspaces(database)
    before = await SQLWorkspaces(database).list()

    found = await health(database)

    assert found.state is HealthState.OK
    assert found.reasons == ()
    assert before == await SQLWorkspaces(database).list()
