"""The twin of the key store that lives in memory: for embedding, trials and tests."""

from dataclasses import replace
from datetime import datetime

from sanderling.access.ports import StoredKey
from sanderling.kernel.ids import KeyId, WorkspaceId


class MemoryKeyStore:
    """Keep API keys for as long as this process lives.

    It belongs to one event loop; no method waits, so each one is atomic.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._keys: dict[KeyId, StoredKey] = {}

    async def add_key(self, key: StoredKey) -> None:
        """Keep a new key."""
        self._keys[key.id] = key

    async def find_key(self, key_id: KeyId) -> StoredKey | None:
        """Return the key with this id from any workspace, revoked or not."""
        return self._keys.get(key_id)

    async def list_keys(self, workspace_id: WorkspaceId) -> tuple[StoredKey, ...]:
        """Return the workspace's keys, oldest first."""
        keys = [key for key in self._keys.values() if key.workspace_id == workspace_id]
        return tuple(sorted(keys, key=lambda key: (key.created_at, key.id)))

    async def revoke_key(
        self, workspace_id: WorkspaceId, key_id: KeyId, *, revoked_at: datetime
    ) -> bool:
        """Mark a key of this workspace revoked; the first moment stays."""
        key = self._keys.get(key_id)
        if key is None or key.workspace_id != workspace_id:
            return False
        if key.revoked_at is None:
            self._keys[key_id] = replace(key, revoked_at=revoked_at)
        return True
