"""Functions and versions on SQL."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import exists, select, update

from drivers.port import ArtifactKey, Digest
from runner.cursor import decode_cursor, encode_cursor
from runner.errors import FunctionExists, FunctionUnknown
from runner.function import Definition, Function, Version
from runner.ports import Page
from sanderling.kernel.ids import FunctionId, WorkspaceId
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.definition import definition_from_text, definition_text
from sanderling.store.rows import AnyRow, AnySelect, page_of, read_all, read_one
from sanderling.store.schema import function_versions as versions
from sanderling.store.schema import functions

_LARGEST_NUMBER = 2**31 - 1


class SQLFunctionStore:
    """Keep functions in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def add_function(self, function: Function) -> None:
        """Keep a new function."""
        insert = self._database.insert_missing(functions).values(
            workspace_id=function.workspace_id,
            id=function.id,
            name=function.name,
            draft=definition_text(function.draft),
            created_at=function.created_at,
            updated_at=function.updated_at,
            live_version=function.live_version,
            latest_version=function.latest_version,
        )
        async with self._database.write() as connection:
            inserted = await connection.execute(insert.returning(functions.c.id))
            if inserted.one_or_none() is None:
                raise FunctionExists(name=function.name)

    async def find_function(self, workspace_id: WorkspaceId, name: str) -> Function | None:
        """Return the function of this name."""
        if not is_storable(name):
            return None
        query = select(functions).where(
            functions.c.workspace_id == workspace_id, functions.c.name == name
        )
        return await read_one(self._database, query, _function)

    async def list_functions(
        self, workspace_id: WorkspaceId, *, limit: int, cursor: str | None
    ) -> Page[Function]:
        """Return functions by name."""
        query = select(functions).where(functions.c.workspace_id == workspace_id)
        if cursor is not None:
            query = query.where(functions.c.name > decode_cursor("functions", cursor, str)[0])
        query = query.order_by(functions.c.name).limit(limit + 1)
        found = await read_all(self._database, query, _function)
        return page_of(found, limit, lambda function: encode_cursor("functions", function.name))

    async def save_draft(
        self,
        workspace_id: WorkspaceId,
        function_id: FunctionId,
        draft: Definition,
        *,
        saved_at: datetime,
    ) -> Function | None:
        """Replace the draft and return the function."""
        change = (
            update(functions)
            .where(functions.c.workspace_id == workspace_id, functions.c.id == function_id)
            .values(draft=definition_text(draft), updated_at=saved_at)
            .returning(functions)
        )
        async with self._database.write() as connection:
            row = (await connection.execute(change)).one_or_none()
        return None if row is None else _function(row)

    async def add_version(self, version: Version) -> Version:
        """Keep a new version, or find the one with its digest, and make it live."""
        async with self._database.write() as connection:
            # The function's row is the lock: whoever publishes next waits here and counts on.
            query = _one(version.workspace_id, version.function_id).with_for_update()
            function = (await connection.execute(query)).one_or_none()
            if function is None:
                raise FunctionUnknown(name=version.function_id)
            same = _versions(version.workspace_id, version.function_id).where(
                versions.c.digest == version.digest
            )
            row = (await connection.execute(same)).one_or_none()
            if row is not None:
                published = _version(row)
            else:
                published = replace(version, number=function.latest_version + 1)
                await connection.execute(versions.insert().values(_columns(published)))
            await connection.execute(
                update(functions)
                .where(
                    functions.c.workspace_id == version.workspace_id,
                    functions.c.id == version.function_id,
                )
                .values(
                    live_version=published.number,
                    latest_version=max(function.latest_version, published.number),
                )
            )
        return published

    async def set_live_version(
        self, workspace_id: WorkspaceId, function_id: FunctionId, number: int
    ) -> bool:
        """Make an existing version live."""
        if not 0 < number <= _LARGEST_NUMBER:
            return False
        change = (
            update(functions)
            .where(
                functions.c.workspace_id == workspace_id,
                functions.c.id == function_id,
                exists(_versions(workspace_id, function_id).where(versions.c.number == number)),
            )
            .values(live_version=number)
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount == 1

    async def find_version(
        self, workspace_id: WorkspaceId, function_id: FunctionId, number: int
    ) -> Version | None:
        """Return one version."""
        if not 0 < number <= _LARGEST_NUMBER:
            return None
        query = _versions(workspace_id, function_id).where(versions.c.number == number)
        return await read_one(self._database, query, _version)

    async def list_versions(
        self, workspace_id: WorkspaceId, function_id: FunctionId, *, limit: int, cursor: str | None
    ) -> Page[Version]:
        """Return versions, newest first."""
        query = _versions(workspace_id, function_id)
        if cursor is not None:
            query = query.where(versions.c.number < decode_cursor("versions", cursor, int)[0])
        query = query.order_by(versions.c.number.desc()).limit(limit + 1)
        found = await read_all(self._database, query, _version)
        return page_of(found, limit, lambda version: encode_cursor("versions", version.number))

    async def artifact_keys(self) -> frozenset[ArtifactKey]:
        """Return the keys of every version, without reading a source."""
        query = select(versions.c.workspace_id, versions.c.function_id, versions.c.digest)
        return frozenset(await read_all(self._database, query, _artifact_key))

    async def is_version(self, key: ArtifactKey) -> bool:
        """Claim that a version is known by `key`, without reading a source."""
        query = select(versions.c.workspace_id, versions.c.function_id, versions.c.digest).where(
            versions.c.workspace_id == key.workspace_id,
            versions.c.function_id == key.function_id,
            versions.c.digest == key.digest,
        )
        return await read_one(self._database, query, _artifact_key) is not None

    async def delete_function(
        self, workspace_id: WorkspaceId, function_id: FunctionId
    ) -> tuple[Version, ...] | None:
        """Remove a function and return its versions, oldest first."""
        async with self._database.write() as connection:
            # The lock keeps a version from being published between the two steps.
            query = _one(workspace_id, function_id).with_for_update()
            if (await connection.execute(query)).one_or_none() is None:
                return None
            kept = _versions(workspace_id, function_id).order_by(versions.c.number)
            removed = tuple(map(_version, await connection.execute(kept)))
            await connection.execute(
                functions.delete().where(
                    functions.c.workspace_id == workspace_id, functions.c.id == function_id
                )
            )
        return removed


def _artifact_key(row: AnyRow) -> ArtifactKey:
    return ArtifactKey(
        WorkspaceId(row.workspace_id), FunctionId(row.function_id), Digest(row.digest)
    )


def _one(workspace_id: WorkspaceId, function_id: FunctionId) -> AnySelect:
    return select(functions).where(
        functions.c.workspace_id == workspace_id, functions.c.id == function_id
    )


def _versions(workspace_id: WorkspaceId, function_id: FunctionId) -> AnySelect:
    return select(versions).where(
        versions.c.workspace_id == workspace_id, versions.c.function_id == function_id
    )


def _function(row: AnyRow) -> Function:
    return Function(
        id=FunctionId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        name=row.name,
        draft=definition_from_text(row.draft),
        created_at=row.created_at,
        updated_at=row.updated_at,
        live_version=row.live_version,
        latest_version=row.latest_version,
    )


def _version(row: AnyRow) -> Version:
    return Version(
        function_id=FunctionId(row.function_id),
        workspace_id=WorkspaceId(row.workspace_id),
        number=row.number,
        definition=definition_from_text(row.definition),
        digest=Digest(row.digest),
        published_at=row.published_at,
    )


def _columns(version: Version) -> dict[str, object]:
    return {
        "workspace_id": version.workspace_id,
        "function_id": version.function_id,
        "number": version.number,
        "digest": version.digest,
        "definition": definition_text(version.definition),
        "published_at": version.published_at,
    }
