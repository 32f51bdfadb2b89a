"""API keys on SQL."""

from datetime import datetime

from sqlalchemy import func, select, update

from sanderling.access.ports import StoredKey
from sanderling.access.principal import Role
from sanderling.kernel.ids import KeyId, WorkspaceId
from sanderling.store.columns import is_storable
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, read_all, read_one
from sanderling.store.schema import api_keys


class SQLKeyStore:
    """Keep API keys in the database."""

    def __init__(self, database: Database) -> None:
        """Use `database`, which must be migrated."""
        self._database = database

    async def add_key(self, key: StoredKey) -> None:
        """Keep a new key."""
        insert = api_keys.insert().values(
            id=key.id,
            workspace_id=key.workspace_id,
            name=key.name,
            role=key.role.value,
            is_server_admin=key.is_server_admin,
            digest=key.digest,
            hint=key.hint,
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
        )
        async with self._database.write() as connection:
            await connection.execute(insert)

    async def find_key(self, key_id: KeyId) -> StoredKey | None:
        """Return the key with this id from any workspace, revoked or not."""
        if not is_storable(key_id):
            return None
        query = select(api_keys).where(api_keys.c.id == key_id)
        return await read_one(self._database, query, _key)

    async def list_keys(self, workspace_id: WorkspaceId) -> tuple[StoredKey, ...]:
        """Return the workspace's keys, oldest first."""
        query = (
            select(api_keys)
            .where(api_keys.c.workspace_id == workspace_id)
            .order_by(api_keys.c.created_at, api_keys.c.id)
        )
        return await read_all(self._database, query, _key)

    async def revoke_key(
        self, workspace_id: WorkspaceId, key_id: KeyId, *, revoked_at: datetime
    ) -> bool:
        """Mark a key of this workspace revoked; the first moment stays."""
        if not is_storable(key_id):
            return False
        change = (
            update(api_keys)
            .where(api_keys.c.workspace_id == workspace_id, api_keys.c.id == key_id)
            .values(revoked_at=func.coalesce(api_keys.c.revoked_at, revoked_at))
        )
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount == 1


def _key(row: AnyRow) -> StoredKey:
    return StoredKey(
        id=KeyId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        name=row.name,
        role=Role(row.role),
        is_server_admin=row.is_server_admin,
        digest=row.digest,
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
