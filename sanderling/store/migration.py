"""Brings a database to the schema that this code knows.

Alembic is not made for tasks or threads: its `op` and `context` are global to the process. So a
chain runs in one thread at a time, on a connection of its own that blocks; and because several
processes may start at once, it first takes a lock in the database and only then looks what is to
do. The whole chain is one transaction on both databases: a process that dies leaves nothing.

Alembic with what it brings is slow to load, so a database that is up to date does without.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import NullPool, create_engine, event, text

from sanderling.kernel.errors import Failure
from sanderling.store import migrations
from sanderling.store.database import Database, translated
from sanderling.store.engines import postgresql_arguments, sqlite_arguments
from sanderling.store.errors import DatabaseNewer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from alembic.config import Config
    from sqlalchemy import Connection

_ONE_CHAIN_AT_A_TIME = threading.Lock()
ADVISORY_LOCK = 0x5344_4C4D
"""An arbitrary number that only our migrations ask PostgreSQL to lock."""


async def migrate(database: Database) -> None:
    """Bring the schema up to date; several processes may do so at once.

    Raises:
        DatabaseNewer: a later release has changed the schema; nothing was touched.
        StoreUnavailableError: the database could not be had; nothing was changed.

    """
    if not await _is_current(database):
        await asyncio.to_thread(_run, database, _upgrade)


async def _is_current(database: Database) -> bool:
    """Claim that the newest revision is the one in the database.

    When that cannot be read, whatever the reason, it is found out again under the lock.
    """
    try:
        async with database.read() as connection:
            found = await connection.execute(text("SELECT version_num FROM alembic_version"))
            return found.scalars().all() == [newest_revision()]
    except Failure:
        return False


def newest_revision() -> str:
    """Return the end of the chain; the names of its files are in its order."""
    folder = Path(migrations.__path__[0]) / "versions"
    return max(path.name[1:5] for path in folder.glob("r[0-9]*.py"))


def _upgrade(config: Config) -> None:
    from alembic import command  # noqa: PLC0415 - see the top.

    command.upgrade(config, "head")


async def downgrade(database: Database, revision: str = "base") -> None:
    """Take the schema back to `revision`, with the rows that only later ones can hold."""
    from alembic import command  # noqa: PLC0415 - see the top.

    await asyncio.to_thread(_run, database, lambda config: command.downgrade(config, revision))


def _run(database: Database, change: Callable[[Config], None]) -> None:
    from alembic.config import Config  # noqa: PLC0415 - see the top.

    config = Config()
    config.set_main_option("script_location", "sanderling.store:migrations")
    with translated(), _ONE_CHAIN_AT_A_TIME, _locked(database) as connection:
        _refuse_newer(connection, config)
        config.attributes["connection"] = connection
        change(config)


def _refuse_newer(connection: Connection, config: Config) -> None:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see the top.
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see the top.

    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise DatabaseNewer(found=found, known=script.get_current_head() or "nothing")


@contextmanager
def _locked(database: Database) -> Generator[Connection]:
    wait_s = database.limits.migration_s
    address = database.address
    if address.is_sqlite:
        arguments, lock = sqlite_arguments(wait_s), "BEGIN IMMEDIATE"
    else:
        arguments, lock = (
            postgresql_arguments(database.limits),
            (
                f"SET LOCAL lock_timeout = {round(wait_s * 1000)};"
                f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"
            ),
        )
    engine = create_engine(
        address.blocking, poolclass=NullPool, connect_args=arguments, hide_parameters=True
    )

    def take_lock(connection: Connection) -> None:
        connection.exec_driver_sql(lock)

    event.listen(engine, "begin", take_lock)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
