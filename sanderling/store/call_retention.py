"""Forgets calls in the database, oldest first."""

from sqlalchemy import and_, delete, exists, func, select, tuple_

from runner.cursor import CallPlace
from sanderling.kernel.ids import WorkspaceId
from sanderling.store.database import Database
from sanderling.store.schema import calls, executions

_UNENDED = ("waiting", "running")


class SQLHistoryStore:
    """Know and forget the calls in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def list_workspaces(self) -> tuple[WorkspaceId, ...]:
        """Return each workspace that has calls, by one step through an index for each."""
        found: list[WorkspaceId] = []
        async with self._database.read() as connection:
            while True:
                after = found[-1] if found else ""
                query = select(func.min(calls.c.workspace_id)).where(calls.c.workspace_id > after)
                following = (await connection.execute(query)).scalar_one()
                if following is None:
                    return tuple(found)
                found.append(WorkspaceId(following))

    async def find_nth_newest(self, workspace_id: WorkspaceId, number: int) -> CallPlace | None:
        """Return where that call stands; an index alone answers it."""
        query = (
            select(calls.c.started_at, calls.c.id)
            .where(calls.c.workspace_id == workspace_id)
            .order_by(calls.c.started_at.desc(), calls.c.id.desc())
            .offset(number - 1)
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (row.started_at, row.id)

    async def forget_before(
        self, workspace_id: WorkspaceId, place: CallPlace, *, limit: int
    ) -> int:
        """Forget a few; on PostgreSQL rows that another process is forgetting are passed over."""
        is_awaited = exists().where(
            and_(
                executions.c.workspace_id == calls.c.workspace_id,
                executions.c.id == calls.c.execution_id,
                executions.c.status.in_(_UNENDED),
            )
        )
        oldest = (
            select(calls.c.id)
            .where(
                calls.c.workspace_id == workspace_id,
                tuple_(calls.c.started_at, calls.c.id) < place,
                calls.c.execution_id.is_(None) | ~is_awaited,
            )
            .order_by(calls.c.started_at, calls.c.id)
            .limit(limit)
            # SQLite knows no such locks and leaves the words out: there one process writes.
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as connection:
            ids = (await connection.execute(oldest)).scalars().all()
            # By their ids: PostgreSQL may run a query inside a DELETE twice, and pass over more.
            forget = delete(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(ids))
            return (await connection.execute(forget)).rowcount if ids else 0
