"""What this room needs from others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sanderling.access.principal import Credential, Principal, Role
from sanderling.kernel.ids import KeyId, WorkspaceId


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as it is kept: its secret only as a SHA-256 digest.

    `hint` is the last four characters before the checksum, to tell keys apart in a list.
    """

    id: KeyId
    workspace_id: WorkspaceId
    name: str
    role: Role
    is_server_admin: bool
    digest: bytes
    hint: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyStore(Protocol):
    """Keep API keys. When the database is away every method raises `StoreUnavailableError`."""

    async def add_key(self, key: StoredKey) -> None:
        """Keep a new key."""
        ...

    async def find_key(self, key_id: KeyId) -> StoredKey | None:
        """Return the key with this id from any workspace, revoked or not."""
        ...

    async def list_keys(self, workspace_id: WorkspaceId) -> tuple[StoredKey, ...]:
        """Return the workspace's keys, oldest first."""
        ...

    async def revoke_key(
        self, workspace_id: WorkspaceId, key_id: KeyId, *, revoked_at: datetime
    ) -> bool:
        """Mark a key of this workspace revoked; False when it has none with this id."""
        ...


class Principals(Protocol):
    """Tell who is behind a credential. Fails closed: when the store is away nobody gets in."""

    async def authenticate(self, credential: Credential | None) -> Principal:
        """Return the principal behind `credential`.

        Raises:
            Unauthenticated: there is no credential.
            KeyMalformed: the key's shape or checksum is wrong; nothing was looked up.
            KeyUnknown: no live key has this id and secret.
            KeyExpired: the key is past its day.

        """
        ...
