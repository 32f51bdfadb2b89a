"""What must be done in a database before anything else may use it.

A process that may begin while the database is away holds it until this is done, so that nobody
meets an old schema, or tables that are not there yet.
"""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure, StoreUnavailableError
from sanderling.kernel.ids import Ids, WorkspaceId
from sanderling.store import Database, SQLWorkspaces, migrate
from sanderling.wiring.meanwhile import meanwhile

log = structlog.get_logger()

RETRY_S = 1.0
"""About how long to wait before the database is asked for again."""


class Groundwork:
    """Migrate the database and make its default workspace, at once or when it comes back."""

    def __init__(
        self, database: Database, *, ids: Ids, clock: Clock, run_migrations: bool = True
    ) -> None:
        """Prepare for `database`; nothing is touched yet."""
        self._database = database
        self._ids = ids
        self._clock = clock
        self._run_migrations = run_migrations
        self._absence = StoreUnavailableError(reason="nobody has asked for it yet")
        self._workspace_id: WorkspaceId | None = None

    @property
    def default_workspace_id(self) -> WorkspaceId:
        """The one workspace of single mode.

        Raises:
            StoreUnavailableError: the database was away from the start on, and still is.

        """
        if self._workspace_id is None:
            raise self._absence
        return self._workspace_id

    async def lay(self) -> None:
        """Do it now.

        Raises:
            DatabaseNewer: a later release has changed the schema.
            StoreUnavailableError: the database is away.

        """
        self._workspace_id = await self._laid(self._database)

    @asynccontextmanager
    async def awaited(self, absence: StoreUnavailableError) -> AsyncGenerator[None]:
        """Hold the database, and release it once this could be done; `absence` says why not now."""
        self._hold(absence)
        log.warning("database.awaited", reason=absence.facts["reason"])
        async with meanwhile(self._lay_later(), name="groundwork"):
            yield

    async def _lay_later(self) -> None:
        jitter = secrets.SystemRandom().random
        while self._workspace_id is None:
            # Spread, so that a fleet does not come back to a database in one moment.
            await self._clock.wait_s(RETRY_S * (0.5 + jitter()))
            try:
                self._workspace_id = await self._laid_beside()
            except StoreUnavailableError as absence:
                self._hold(absence)
            except Failure as failure:
                # Such as a database that a later release has migrated in the meantime.
                log.exception("database.not-prepared", code=failure.code)
                self._hold(StoreUnavailableError(reason=f"it is not ready ({failure.detail})"))
            except Exception:
                # The top of the loop: whatever is wrong, the next attempt may find it mended.
                log.exception("database.not-prepared", code="defect")
        self._database.release()
        log.info("database.prepared")

    async def _laid_beside(self) -> WorkspaceId:
        # Through an opening of its own, because everyone else's is held.
        database = Database(self._database.address, self._database.limits)
        try:
            return await self._laid(database)
        finally:
            await database.close()

    async def _laid(self, database: Database) -> WorkspaceId:
        await database.prepare()
        if self._run_migrations:
            await migrate(database)
        return await SQLWorkspaces(database, ids=self._ids, clock=self._clock).ensure_default()

    def _hold(self, absence: StoreUnavailableError) -> None:
        self._absence = absence
        self._database.hold(str(absence.facts["reason"]))
