"""Workspaces on SQL."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from sanderling.kernel.clock import Clock, SystemClock
from sanderling.kernel.ids import Ids, SortableIds, WorkspaceId
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, read_all
from sanderling.store.schema import workspaces

_DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Workspace:
    """What owns functions, calls and keys; nobody sees across its border."""

    id: WorkspaceId
    name: str
    created_at: datetime


class SQLWorkspaces:
    """Keep workspaces in the database."""

    def __init__(
        self, database: Database, *, ids: Ids | None = None, clock: Clock | None = None
    ) -> None:
        """Use `database`, which must be migrated."""
        self._database = database
        self._clock = clock or SystemClock()
        self._ids = ids or SortableIds(self._clock)

    async def ensure_default(self) -> WorkspaceId:
        """Return the one workspace of single mode; several processes at once make just one."""
        found = select(workspaces.c.id).where(workspaces.c.mark == _DEFAULT)
        async with self._database.read() as connection:
            existing = (await connection.execute(found)).scalar_one_or_none()
        if existing is not None:
            return WorkspaceId(existing)
        insert = self._database.insert_missing(workspaces).values(
            id=self._ids.workspace(), name="Default", mark=_DEFAULT, created_at=self._clock.now()
        )
        async with self._database.write() as connection:
            await connection.execute(insert)
            return WorkspaceId((await connection.execute(found)).scalar_one())

    async def add(self, name: str) -> WorkspaceId:
        """Keep a new workspace and return its id; names may repeat."""
        workspace_id = self._ids.workspace()
        insert = workspaces.insert().values(
            id=workspace_id, name=name, mark=None, created_at=self._clock.now()
        )
        async with self._database.write() as connection:
            await connection.execute(insert)
        return workspace_id

    async def list(self) -> tuple[Workspace, ...]:
        """Return every workspace, oldest first."""
        query = select(workspaces).order_by(workspaces.c.created_at, workspaces.c.id)
        return await read_all(self._database, query, _workspace)


def _workspace(row: AnyRow) -> Workspace:
    return Workspace(WorkspaceId(row.id), row.name, row.created_at)
