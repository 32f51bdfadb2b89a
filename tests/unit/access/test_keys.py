"""Keys: made, listed, revoked; the text is shown once."""

from datetime import timedelta

import pytest

from sanderling.access.errors import KeyNotFound, KeyRefused
from sanderling.access.principal import Role
from support.river import River


async def test_a_key_is_shown_once_and_kept_as_a_digest() -> None:
    """Nothing that is kept or printed holds the secret."""
    river = River()

    key = await river.keys.create(river.here, name="ci", role=Role.MEMBER)

    secret = key.text[30:73]
    (stored,) = await river.keys.list(river.here)
    assert stored == key.stored
    assert secret not in repr(stored)
    assert secret not in repr(key)
    assert (stored.name, stored.role, stored.is_server_admin) == ("ci", Role.MEMBER, False)
    assert stored.hint == secret[-4:]
    assert stored.expires_at is None


async def test_a_lifetime_sets_the_day() -> None:
    """A key made for a week expires a week from now."""
    river = River()

    key = await river.keys.create(
        river.here, name="ci", role=Role.ADMIN, lifetime=timedelta(days=7)
    )

    assert key.stored.expires_at == river.clock.now() + timedelta(days=7)


@pytest.mark.parametrize("name", ["", " ci", "ci\n", "a" * 101, "a\0b", "\u202eic"])
async def test_a_name_is_one_plain_line(name: str) -> None:
    """A name that could not be shown in a list is refused, and no key is made."""
    river = River()

    with pytest.raises(KeyRefused):
        await river.keys.create(river.here, name=name, role=Role.MEMBER)

    assert await river.keys.list(river.here) == ()


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=-1), timedelta(days=9999)])
async def test_a_lifetime_has_bounds(lifetime: timedelta) -> None:
    """A key is not made expired, nor for longer than ten years."""
    river = River()

    with pytest.raises(KeyRefused):
        await river.keys.create(river.here, name="ci", role=Role.MEMBER, lifetime=lifetime)


@pytest.mark.parametrize("key_id", ["", "nonsense", "key_" + "0" * 26, "key_\0"])
async def test_revoking_what_is_not_there_is_refused(key_id: str) -> None:
    """An id of no key of this workspace is named in the refusal."""
    river = River()

    with pytest.raises(KeyNotFound):
        await river.keys.revoke(river.here, key_id)


async def test_a_workspace_cannot_revoke_or_list_another_s_keys() -> None:
    """A key of one workspace does not exist for the next."""
    river = River()
    key = await river.keys.create(river.here, name="ci", role=Role.MEMBER)

    with pytest.raises(KeyNotFound):
        await river.keys.revoke(river.elsewhere, key.stored.id)

    assert await river.keys.list(river.elsewhere) == ()
    assert (await river.keys.list(river.here))[0].revoked_at is None
