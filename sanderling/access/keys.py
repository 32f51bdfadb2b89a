"""What people do with API keys: make, list, revoke."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import structlog

from sanderling.access.api_key import SECRET_BITS, APIKey, format_key, new_secret
from sanderling.access.errors import KeyNotFound, KeyRefused
from sanderling.access.ports import KeyStore, StoredKey
from sanderling.access.principal import Role
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import Ids, KeyId, WorkspaceId, is_id

log = structlog.get_logger()

MAX_NAME = 100
MAX_LIFETIME = timedelta(days=3653)


class NewKey(NamedTuple):
    """A key just made; `text` is shown once and kept nowhere."""

    stored: StoredKey
    text: str

    def __repr__(self) -> str:
        """Hide the text."""
        return f"NewKey({self.stored!r}, …)"


class Keys:
    """Make, list and revoke the API keys of one workspace at a time.

    Who may do so is decided by whoever calls: today that is the operator at the command line.
    Every method raises `StoreUnavailableError` when the database is away.
    """

    def __init__(
        self, store: KeyStore, ids: Ids, clock: Clock, random_bits: Callable[[int], int]
    ) -> None:
        """Draw secrets from `random_bits(count)`, which must be fit for secrets."""
        self._store = store
        self._ids = ids
        self._clock = clock
        self._random_bits = random_bits

    async def create(
        self,
        workspace_id: WorkspaceId,
        *,
        name: str,
        role: Role,
        is_server_admin: bool = False,
        lifetime: timedelta | None = None,
    ) -> NewKey:
        """Return a new key with its text; without `lifetime` it lasts until it is revoked.

        Raises:
            KeyRefused: the name is empty or no plain line, or the lifetime is out of bounds.

        """
        _check(name, lifetime)
        now = self._clock.now()
        key = APIKey(self._ids.key(), new_secret(self._random_bits(SECRET_BITS)))
        stored = StoredKey(
            id=key.id,
            workspace_id=workspace_id,
            name=name,
            role=role,
            is_server_admin=is_server_admin,
            digest=key.digest,
            hint=key.hint,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
        await self._store.add_key(stored)
        log.info("key.created", key_id=key.id, workspace_id=workspace_id, role=role.value)
        return NewKey(stored, format_key(key))

    async def list(self, workspace_id: WorkspaceId) -> tuple[StoredKey, ...]:
        """Return the workspace's keys, oldest first, with those that are revoked or expired."""
        return await self._store.list_keys(workspace_id)

    async def revoke(self, workspace_id: WorkspaceId, key_id: str) -> None:
        """End a key for good; every process refuses it within two seconds.

        Raises:
            KeyNotFound: the workspace has no key of this id.

        """
        is_revoked = is_id(key_id, "key") and await self._store.revoke_key(
            workspace_id, KeyId(key_id), revoked_at=self._clock.now()
        )
        if not is_revoked:
            raise KeyNotFound(key_id=key_id)
        log.info("key.revoked", key_id=key_id, workspace_id=workspace_id)


def _check(name: str, lifetime: timedelta | None) -> None:
    if not (0 < len(name) <= MAX_NAME and name.isprintable() and name == name.strip()):
        raise KeyRefused(reason=f"its name is one line of 1 to {MAX_NAME} characters")
    if lifetime is not None and not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise KeyRefused(reason=f"it lives for 1 second to {MAX_LIFETIME.days} days")
