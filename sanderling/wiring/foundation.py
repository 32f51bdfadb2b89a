"""The database of an instance with what keeps its keys and workspaces; no driver, no server."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from config.variables import Settings
from sanderling.access.keys import Keys
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import SortableIds, WorkspaceId
from sanderling.store import Database, SQLKeyStore, SQLWorkspaces, migrate, open_database
from sanderling.wiring.home import database_url, open_home


@dataclass(frozen=True, slots=True)
class Foundation:
    """A database that is open and migrated, and what stands on it alone."""

    database: Database
    workspaces: SQLWorkspaces
    keys: Keys
    default_workspace_id: WorkspaceId
    clock: SystemClock
    ids: SortableIds


@asynccontextmanager
async def open_foundation(
    settings: Settings, *, run_migrations: bool = True
) -> AsyncGenerator[Foundation]:
    """Yield the foundation of the instance that `settings` name; it is made where it is missing.

    Raises:
        HomeUnusableError: the home cannot be made.
        DatabaseURLRefused: the URL is not one we support.
        DatabaseNewer: a later release has changed the schema.
        StoreUnavailableError: the database is away.

    """
    if settings.database_url is None:
        open_home(settings.home)
    async with open_database(database_url(settings)) as database:
        if run_migrations:
            await migrate(database)
        clock = SystemClock()
        ids = SortableIds(clock)
        workspaces = SQLWorkspaces(database, ids=ids, clock=clock)
        yield Foundation(
            database=database,
            workspaces=workspaces,
            keys=Keys(SQLKeyStore(database), ids, clock, secrets.randbits),
            default_workspace_id=await workspaces.ensure_default(),
            clock=clock,
            ids=ids,
        )
