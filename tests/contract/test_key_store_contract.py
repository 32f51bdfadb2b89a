"""What every key store promises."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from sanderling.access.memory import MemoryKeyStore
from sanderling.access.ports import KeyStore
from sanderling.kernel.ids import KeyId
from sanderling.store import SQLKeyStore, open_database
from support.databases import add_workspaces
from support.records import HERE, ODD_WORDS, START, THERE, a_key


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[KeyStore]:
    """Yield an empty store of each kind in turn."""
    if request.param == "memory":
        yield MemoryKeyStore()
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        yield SQLKeyStore(database)


async def test_a_key_comes_back_as_it_was_kept(store: KeyStore) -> None:
    """Every field of a key survives."""
    key = replace(a_key(), revoked_at=START + timedelta(days=2))
    await store.add_key(key)

    assert key == await store.find_key(key.id)


async def test_a_key_without_an_end_comes_back_without_one(store: KeyStore) -> None:
    """A key may have no expiry."""
    key = replace(a_key(), expires_at=None)
    await store.add_key(key)

    assert key == await store.find_key(key.id)


@pytest.mark.parametrize("key_id", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_key_is_not_found(store: KeyStore, key_id: str) -> None:
    """No id, however odd, is an error."""
    await store.add_key(a_key())

    assert await store.find_key(KeyId(key_id)) is None
    assert not await store.revoke_key(HERE, KeyId(key_id), revoked_at=START)


async def test_keys_are_listed_oldest_first(store: KeyStore) -> None:
    """The order is that of creation, not that of arrival."""
    young, old = a_key(age_s=1), a_key(age_s=2)
    await store.add_key(young)
    await store.add_key(old)

    assert (old, young) == await store.list_keys(HERE)


async def test_a_key_is_revoked_once(store: KeyStore) -> None:
    """The first moment of revocation stays."""
    key = a_key()
    await store.add_key(key)

    assert await store.revoke_key(HERE, key.id, revoked_at=START)
    assert await store.revoke_key(HERE, key.id, revoked_at=START + timedelta(days=1))

    assert replace(key, revoked_at=START) == await store.find_key(key.id)


async def test_a_workspace_neither_sees_nor_revokes_keys_of_another(store: KeyStore) -> None:
    """Listing and revoking stay inside the workspace."""
    key = a_key(HERE)
    await store.add_key(key)

    assert await store.list_keys(THERE) == ()
    assert not await store.revoke_key(THERE, key.id, revoked_at=START)
    assert key == await store.find_key(key.id)
