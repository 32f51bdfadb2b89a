"""Principals: who is behind a key, and who is not."""

import asyncio
from datetime import timedelta

import pytest

from sanderling.access.api_key import APIKey, format_key, new_secret
from sanderling.access.errors import KeyExpired, KeyMalformed, KeyUnknown, Unauthenticated
from sanderling.access.memory import MemoryKeyStore
from sanderling.access.ports import StoredKey
from sanderling.access.principal import BearerKey, Operator, Principal, Role
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
    """A river's keys in a store that counts."""

    def __init__(self) -> None:
        """Hold one key of a member."""
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


@pytest.fixture
def door() -> Door:
    """Return a door of its own."""
    return Door()


async def test_a_key_names_its_principal(door: Door) -> None:
    """Workspace, role, flag and id come from the key."""
    stored, credential = await door.key(is_server_admin=True)

    assert await door.principals.authenticate(credential) == Principal(
        door.river.here, Role.MEMBER, is_server_admin=True, key_id=stored.id
    )


async def test_the_operator_runs_its_workspace(door: Door) -> None:
    """Who owns the machine is admin there, without any key."""
    principal = await door.principals.authenticate(Operator(door.river.here))

    assert principal == Principal(door.river.here, Role.ADMIN, is_server_admin=True)
    assert door.store.asked == 0


async def test_no_key_and_a_malformed_key_cost_no_question(door: Door) -> None:
    """What is wrong on its face never reaches the store."""
    with pytest.raises(Unauthenticated):
        await door.principals.authenticate(None)
    with pytest.raises(KeyMalformed):
        await door.principals.authenticate(BearerKey("sdl_" + "0" * 75))

    assert door.store.asked == 0


async def test_a_key_nobody_made_is_unknown(door: Door) -> None:
    """A well-formed key with an id that does not exist gets nobody in."""
    text = format_key(APIKey(door.river.ids.key(), new_secret(1)))

    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(BearerKey(text))


async def test_the_id_without_the_secret_is_unknown(door: Door) -> None:
    """Knowing an id is not knowing a key, before and after the right one was seen."""
    stored, credential = await door.key(lifetime=timedelta(seconds=10))
    forged = BearerKey(format_key(APIKey(stored.id, new_secret(1))))

    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(forged)
    await door.principals.authenticate(credential)
    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(forged)
    door.river.clock.advance(11)
    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(forged)


async def test_a_key_is_remembered_for_two_seconds(door: Door) -> None:
    """Requests within two seconds ask the store once."""
    _, credential = await door.key()

    for _ in range(8):
        await door.principals.authenticate(credential)
        door.river.clock.advance(0.25)
    await door.principals.authenticate(credential)

    assert door.store.asked == 2


async def test_requests_at_once_ask_once(door: Door) -> None:
    """A burst of requests with a new key is one question."""
    _, credential = await door.key()

    found = await asyncio.gather(*(door.principals.authenticate(credential) for _ in range(20)))

    assert len(set(found)) == 1
    assert door.store.asked == 1


async def test_a_revoked_key_is_refused_within_two_seconds(door: Door) -> None:
    """Two seconds after revoking, nobody gets in with it."""
    stored, credential = await door.key()
    await door.principals.authenticate(credential)
    await door.store.revoke_key(door.river.here, stored.id, revoked_at=door.river.clock.now())

    door.river.clock.advance(2)

    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(credential)


async def test_expiry_is_checked_on_every_request(door: Door) -> None:
    """A remembered key is refused from the very moment it expires."""
    _, credential = await door.key(lifetime=timedelta(seconds=1))
    await door.principals.authenticate(credential)

    door.river.clock.advance(1)

    with pytest.raises(KeyExpired) as caught:
        await door.principals.authenticate(credential)
    assert caught.value.facts["expired_at"] == "2026-01-01T00:00:01+00:00"
    assert door.store.asked == 1


async def test_nobody_new_gets_in_while_the_store_is_away(door: Door) -> None:
    """It fails closed: a remembered key works until its two seconds are over."""
    _, known = await door.key()
    _, new = await door.key()
    await door.principals.authenticate(known)
    door.store.is_away = True

    with pytest.raises(StoreUnavailableError):
        await door.principals.authenticate(new)
    await door.principals.authenticate(known)
    door.river.clock.advance(2)
    with pytest.raises(StoreUnavailableError):
        await door.principals.authenticate(known)


async def test_memory_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys are used, only so many are held."""
    monkeypatch.setattr("sanderling.access.principals.MAX_KEYS", 10)

    for _ in range(25):
        await door.principals.authenticate((await door.key())[1])

        assert len(door.principals) <= 10
