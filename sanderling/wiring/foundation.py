"""The database of an instance with what keeps its keys and workspaces; no driver, no server."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from config.variables import Settings
from sanderling.access.keys import Keys
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.ids import SortableIds, WorkspaceId
from sanderling.store import Database, SQLKeyStore, SQLWorkspaces, open_unprepared_database
from sanderling.wiring.groundwork import Groundwork
from sanderling.wiring.home import database_limits, database_url, open_home


@dataclass(frozen=True, slots=True)
class Foundation:
    """A database, open and migrated or held until it is, and what stands on it alone."""

    database: Database
    workspaces: SQLWorkspaces
    keys: Keys
    groundwork: Groundwork
    clock: SystemClock
    ids: SortableIds

    @property
    def default_workspace_id(self) -> WorkspaceId:
        """The one workspace of single mode.

        Raises:
            StoreUnavailableError: the database was away from the start on, and still is.

        """
        return self.groundwork.default_workspace_id


@asynccontextmanager
async def open_foundation(
    settings: Settings, *, run_migrations: bool = True, may_be_away: bool = False
) -> AsyncGenerator[Foundation]:
    """Yield the foundation of the instance that `settings` name; it is made where it is missing.

    With `may_be_away` a database that is away is held and made ready once it is back.

    Raises:
        HomeUnusableError: the home cannot be made.
        DatabaseURLRefused: the URL is not one we support.
        DatabaseNewer: a later release has changed the schema.
        StoreUnavailableError: the database is away, and must not be.

    """
    if settings.database_url is None:
        open_home(settings.home)
    async with AsyncExitStack() as stack:
        opening = open_unprepared_database(database_url(settings), database_limits(settings))
        database = await stack.enter_async_context(opening)
        clock = SystemClock()
        ids = SortableIds(clock)
        groundwork = Groundwork(database, ids=ids, clock=clock, run_migrations=run_migrations)
        try:
            await groundwork.lay()
        except StoreUnavailableError as absence:
            if not may_be_away:
                raise
            await stack.enter_async_context(groundwork.awaited(absence))
        yield Foundation(
            database=database,
            workspaces=SQLWorkspaces(database, ids=ids, clock=clock),
            keys=Keys(SQLKeyStore(database), ids, clock, secrets.randbits),
            groundwork=groundwork,
            clock=clock,
            ids=ids,
        )
