"""What everyone who authenticates promises; it fails closed."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from sanderling.access.errors import KeyExpired, KeyMalformed, KeyUnknown, Unauthenticated
from sanderling.access.memory import MemoryKeyStore
from sanderling.access.ports import Principals, StoredKey
from sanderling.access.principal import BearerKey, Operator, Principal, Role
from sanderling.access.principals import KeyPrincipals
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.ids import KeyId
from support.river import River

LONG_ENOUGH_S = 60.0
"""Past every implementation's documented memory of a key."""


class AwayStore(MemoryKeyStore):
    """A key store that does not answer."""

    async def find_key(self, key_id: KeyId) -> StoredKey | None:
        """Raise what every store raises when the database is away."""
        raise StoreUnavailableError(reason=f"{len(key_id)} characters were asked for in vain")


@dataclass(frozen=True)
class Door:
    """One implementation twice: with its store, and with a store that is away."""

    river: River
    principals: Principals
    unanswered: Principals


@pytest.fixture(params=[KeyPrincipals])
def door(request: pytest.FixtureRequest) -> Door:
    """Return each implementation over stores in memory."""
    river = River()
    make = request.param
    return Door(river, make(river.key_store, river.clock), make(AwayStore(), river.clock))


@pytest.mark.parametrize("role", Role)
async def test_a_key_proves_workspace_and_role(door: Door, role: Role) -> None:
    """The principal is inside the key's workspace, with the key's role."""
    key = await door.river.keys.create(door.river.elsewhere, name="test", role=role)

    principal = await door.principals.authenticate(BearerKey(key.text))

    assert principal == Principal(door.river.elsewhere, role, key_id=key.stored.id)


async def test_without_a_credential_nobody_gets_in(door: Door) -> None:
    """There is no anonymous principal."""
    with pytest.raises(Unauthenticated):
        await door.principals.authenticate(None)


@pytest.mark.parametrize("text", ["", "sdl_", "Bearer x", "sdl_" + "0" * 75, "sdl_é" + "0" * 70])
async def test_a_malformed_key_is_told_without_a_question(door: Door, text: str) -> None:
    """Shape and checksum are checked before any store is asked."""
    with pytest.raises(KeyMalformed):
        await door.unanswered.authenticate(BearerKey(text))


async def test_a_key_that_is_not_kept_is_unknown(door: Door) -> None:
    """A key of another instance is well formed and opens nothing here."""
    foreign = await River().keys.create(door.river.here, name="test", role=Role.ADMIN)

    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(BearerKey(foreign.text))


async def test_a_revoked_key_is_unknown(door: Door) -> None:
    """Whoever was shut out is not told that the key once worked."""
    key = await door.river.keys.create(door.river.here, name="test", role=Role.ADMIN)
    await door.river.keys.revoke(door.river.here, key.stored.id)

    door.river.clock.advance(LONG_ENOUGH_S)

    with pytest.raises(KeyUnknown):
        await door.principals.authenticate(BearerKey(key.text))


async def test_a_key_past_its_day_is_expired(door: Door) -> None:
    """It works up to that moment and not at it."""
    key = await door.river.keys.create(
        door.river.here, name="test", role=Role.ADMIN, lifetime=timedelta(seconds=10)
    )
    await door.principals.authenticate(BearerKey(key.text))

    door.river.clock.advance(10)

    with pytest.raises(KeyExpired):
        await door.principals.authenticate(BearerKey(key.text))


async def test_while_the_store_is_away_no_new_key_gets_in(door: Door) -> None:
    """It fails closed, with the fault of the store."""
    key = await door.river.keys.create(door.river.here, name="test", role=Role.ADMIN)

    with pytest.raises(StoreUnavailableError):
        await door.unanswered.authenticate(BearerKey(key.text))


async def test_the_operator_needs_no_store(door: Door) -> None:
    """Whoever owns the machine can look after it while the database is away."""
    principal = await door.unanswered.authenticate(Operator(door.river.here))

    assert principal == Principal(door.river.here, Role.ADMIN, is_server_admin=True)
