"""What everything that counts slots promises."""

from collections.abc import AsyncGenerator

import pytest

from sanderling.fairness.cap import Cap, CapName
from sanderling.fairness.ports import CapReached, Slot, Slots
from sanderling.kernel.clock import VirtualClock
from support.fairness import KINDS, LEASE_S, a_cap, memory_slots, redis_slots
from support.redis import RedisServer


@pytest.fixture
def clock() -> VirtualClock:
    """Stand still until moved."""
    return VirtualClock()


@pytest.fixture(params=KINDS)
async def slots(request: pytest.FixtureRequest, clock: VirtualClock) -> AsyncGenerator[Slots]:
    """Yield each kind in turn, with nothing in use."""
    if request.param == "memory":
        yield memory_slots(clock)
        return
    server: RedisServer = request.getfixturevalue("redis")
    server.flush()
    async with redis_slots(server.url, clock) as made:
        yield made


async def asked(slots: Slots, *caps: Cap) -> Slot | CapReached:
    """Return what an attempt to get a slot under `caps` brings."""
    return await slots.acquire(caps, holder="me", lease_s=LEASE_S)


async def got(slots: Slots, *caps: Cap) -> Slot:
    """Return a slot under `caps`; it must be there."""
    slot = await asked(slots, *caps)
    assert isinstance(slot, Slot)
    return slot


async def test_as_many_as_the_cap_and_no_more(slots: Slots) -> None:
    """The next one is told which cap it was and how many hold it."""
    cap = a_cap(2)
    first, _ = await got(slots, cap), await got(slots, cap)

    assert await asked(slots, cap) == CapReached(cap, 2)

    await slots.release(first)
    assert isinstance(await asked(slots, cap), Slot)


async def test_all_or_nothing(slots: Slots) -> None:
    """A slot that one cap refuses takes no place under the others."""
    wide, narrow = a_cap(2, key="wide"), a_cap(1, key="narrow", name=CapName.WORKSPACE)
    await got(slots, narrow)

    assert await asked(slots, wide, narrow) == CapReached(narrow, 1)

    assert isinstance(await asked(slots, wide), Slot)
    assert isinstance(await asked(slots, wide), Slot)


async def test_the_first_cap_that_is_reached_is_named(slots: Slots) -> None:
    """The order of the caps is the order in which they are looked at."""
    one, other = a_cap(1, key="one"), a_cap(1, key="other")
    await got(slots, one, other)

    assert await asked(slots, other, one) == CapReached(other, 1)


async def test_caps_of_different_keys_do_not_touch(slots: Slots) -> None:
    """Each key counts for itself."""
    await got(slots, a_cap(1, key="one"))

    assert isinstance(await asked(slots, a_cap(1, key="other")), Slot)


async def test_without_caps_there_is_always_a_slot(slots: Slots) -> None:
    """What nothing bounds is never refused, and can be given back like any other."""
    slot = await got(slots)

    assert await slots.renew(slot)
    await slots.release(slot)


async def test_a_slot_that_is_not_renewed_ends(slots: Slots, clock: VirtualClock) -> None:
    """Whoever died with a slot in hand holds it no longer than its lease."""
    cap = a_cap(1)
    lost = await got(slots, cap)
    clock.advance(LEASE_S - 0.001)
    assert isinstance(await asked(slots, cap), CapReached)
    clock.advance(0.001)

    assert not await slots.renew(lost)
    assert isinstance(await asked(slots, cap), Slot)


async def test_renewing_holds_a_slot(slots: Slots, clock: VirtualClock) -> None:
    """A slot lasts as long as it is renewed in time."""
    cap = a_cap(1)
    slot = await got(slots, cap)

    for _ in range(5):
        clock.advance(LEASE_S - 1)
        assert await slots.renew(slot)
        assert isinstance(await asked(slots, cap), CapReached)


async def test_a_late_holder_ends_nobody_elses_slot(slots: Slots, clock: VirtualClock) -> None:
    """Releasing what was lost, or twice, frees no place."""
    cap = a_cap(1)
    lost = await got(slots, cap)
    clock.advance(LEASE_S)
    await got(slots, cap)

    await slots.release(lost)
    await slots.release(lost)

    assert not await slots.renew(lost)
    assert isinstance(await asked(slots, cap), CapReached)


async def test_a_lowered_cap_is_kept_as_slots_end(slots: Slots) -> None:
    """Slots above it run to their end, and none is added meanwhile."""
    held = [await got(slots, a_cap(3)) for _ in range(3)]

    for slot in held[:2]:
        assert isinstance(await asked(slots, a_cap(2)), CapReached)
        await slots.release(slot)

    assert isinstance(await asked(slots, a_cap(2)), Slot)
