"""A door: keys in a store that counts, and principals in front of it."""

import asyncio
from datetime import timedelta

from sanderling.access.memory import MemoryKeyStore
from sanderling.access.ports import StoredKey
from sanderling.access.principal import BearerKey, Role
from sanderling.access.principals import KeyPrincipals
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.ids import KeyId
from support.river import River


class CountingStore(MemoryKeyStore):
    """A key store that counts questions and can be away."""

    def __init__(self) -> None:
        """Be there."""
        super().__init__()
        self.asked = 0
        self.is_away = False

    async def find_key(self, key_id: KeyId) -> StoredKey | None:
        """Count, then answer."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreUnavailableError(reason="it is away")
        return await super().find_key(key_id)


class Door:
    """A river's keys in a store that counts, and the principals that read from it."""

    def __init__(self) -> None:
        """Know no key."""
        self.river = River()
        self.store = CountingStore()
        self.principals = KeyPrincipals(self.store, self.river.clock)

    async def key(
        self, *, lifetime: timedelta | None = None, is_server_admin: bool = False
    ) -> tuple[StoredKey, BearerKey]:
        """Return a new key and its credential."""
        key = await self.river.keys.create(
            self.river.here,
            name="test",
            role=Role.MEMBER,
            lifetime=lifetime,
            is_server_admin=is_server_admin,
        )
        await self.store.add_key(key.stored)
        return key.stored, BearerKey(key.text)
