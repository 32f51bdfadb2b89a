"""What everyone who tells principals promises; each implementation runs the whole suite."""

from datetime import timedelta

import pytest

from sanderling.access.api_key import APIKey, format_key, new_secret
from sanderling.access.errors import KeyExpired, KeyMalformed, KeyUnknown, Unauthenticated
from sanderling.access.ports import Principals
from sanderling.access.principal import BearerKey, Operator, Principal, Role
from sanderling.kernel.errors import StoreUnavailableError
from support.door import Door


@pytest.fixture
def door() -> Door:
    """Return a door of its own."""
    return Door()


@pytest.fixture(params=["key"])
def principals(door: Door) -> Principals:
    """Return each implementation in turn; so far there is one."""
    return door.principals


async def test_a_key_names_its_principal(door: Door, principals: Principals) -> None:
    """Workspace, role, flag and id come from the key."""
    stored, credential = await door.key(is_server_admin=True)

    assert await principals.authenticate(credential) == Principal(
        door.river.here, Role.MEMBER, is_server_admin=True, key_id=stored.id
    )


async def test_the_operator_runs_its_workspace(door: Door, principals: Principals) -> None:
    """Who owns the machine is admin there, without any key."""
    principal = await principals.authenticate(Operator(door.river.here))

    assert principal == Principal(door.river.here, Role.ADMIN, is_server_admin=True)
    assert door.store.asked == 0


async def test_no_key_and_a_malformed_key_cost_no_question(
    door: Door, principals: Principals
) -> None:
    """What is wrong on its face never reaches the store."""
    with pytest.raises(Unauthenticated):
        await principals.authenticate(None)
    with pytest.raises(KeyMalformed):
        await principals.authenticate(BearerKey("sdl_" + "0" * 75))

    assert door.store.asked == 0


async def test_a_key_nobody_made_is_unknown(door: Door, principals: Principals) -> None:
    """A well-formed key with an id that does not exist gets nobody in."""
    text = format_key(APIKey(door.river.ids.key(), new_secret(1)))

    with pytest.raises(KeyUnknown):
        await principals.authenticate(BearerKey(text))


async def test_the_id_without_the_secret_is_unknown(door: Door, principals: Principals) -> None:
    """Knowing an id is not knowing a key, before and after the right one was seen."""
    stored, credential = await door.key(lifetime=timedelta(seconds=10))
    forged = BearerKey(format_key(APIKey(stored.id, new_secret(1))))

    with pytest.raises(KeyUnknown):
        await principals.authenticate(forged)
    await principals.authenticate(credential)
    with pytest.raises(KeyUnknown):
        await principals.authenticate(forged)
    door.river.clock.advance(11)
    with pytest.raises(KeyUnknown):
        await principals.authenticate(forged)


async def test_a_revoked_key_is_refused_within_two_seconds(
    door: Door, principals: Principals
) -> None:
    """Two seconds after revoking, nobody gets in with it."""
    stored, credential = await door.key()
    await principals.authenticate(credential)
    await door.store.revoke_key(door.river.here, stored.id, revoked_at=door.river.clock.now())

    door.river.clock.advance(2)

    with pytest.raises(KeyUnknown):
        await principals.authenticate(credential)


async def test_expiry_is_checked_on_every_request(door: Door, principals: Principals) -> None:
    """A remembered key is refused from the very moment it expires."""
    _, credential = await door.key(lifetime=timedelta(seconds=1))
    await principals.authenticate(credential)

    door.river.clock.advance(1)

    with pytest.raises(KeyExpired) as caught:
        await principals.authenticate(credential)
    assert caught.value.facts["expired_at"] == "2026-01-01T00:00:01+00:00"
    assert door.store.asked == 1


async def test_nobody_new_gets_in_while_the_store_is_away(
    door: Door, principals: Principals
) -> None:
    """It fails closed: a remembered key works until its two seconds are over."""
    _, known = await door.key()
    _, new = await door.key()
    await principals.authenticate(known)
    door.store.is_away = True

    with pytest.raises(StoreUnavailableError):
        await principals.authenticate(new)
    await principals.authenticate(known)
    door.river.clock.advance(2)
    with pytest.raises(StoreUnavailableError):
        await principals.authenticate(known)
