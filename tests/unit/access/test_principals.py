"""Principals by key: the store is asked rarely, and memory is bounded."""

import asyncio

import pytest

from support.door import Door


@pytest.fixture
def door() -> Door:
    """Return a door of its own."""
    return Door()


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


async def test_memory_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys are used, only so many are held."""
    monkeypatch.setattr("sanderling.access.principals.MAX_KEYS", 10)

    for _ in range(25):
        await door.principals.authenticate((await door.key())[1])

        assert len(door.principals) <= 10
