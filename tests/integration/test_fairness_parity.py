"""Turns and slots in memory and on Redis decide the same, whatever is asked of them."""

import asyncio
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sanderling.fairness.cap import Cap, CapName, Shares
from sanderling.fairness.ports import CapReached, Slot, Slots, Turn, Turns
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from support.fairness import LEASE_S, memory_slots, memory_turns, redis_slots, redis_turns
from support.redis import RedisServer

pytestmark = pytest.mark.slow

Step: TypeAlias = tuple[str, int, bool]

WORKSPACES = tuple(WorkspaceId(f"ws_{letter}") for letter in "abcd")

steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["ready", "take", "take", "take", "renew", "give_back", "wait"]),
        st.integers(0, 30),
        st.booleans(),
    ),
    max_size=60,
)
shares = st.builds(Shares, st.integers(0, 5), st.integers(0, 3), st.integers(0, 3))
slot_steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "acquire", "renew", "release", "wait"]),
        st.integers(0, 30),
        st.booleans(),
    ),
    max_size=60,
)
quick = settings(
    max_examples=40,
    deadline=None,
    # The server is flushed by each example.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


async def history_of_turns(turns: Turns, clock: VirtualClock, asked: list[Step]) -> list[object]:
    """Return everything that `turns` answered."""
    told: list[object] = []
    got: list[Turn] = []
    for what, number, flag in asked:
        match what:
            case "ready":
                await turns.ready(WORKSPACES[number % len(WORKSPACES)])
            case "take":
                turn = await turns.take("me")
                told.append(turn and (turn.workspace_id, turn.fence))
                got += [turn] if turn is not None else []
            case "renew" if got:
                told.append(await turns.renew(got[number % len(got)]))
            case "give_back" if got:
                await turns.give_back(got[number % len(got)], has_more=flag)
            case _:
                clock.advance(LEASE_S * number / 30)
    return told


@given(asked=steps, caps=shares)
@quick
def test_turns_are_the_same(redis_shared: RedisServer, asked: list[Step], caps: Shares) -> None:
    """The same questions at the same times get the same turns with the same fences."""
    redis_shared.start_again()
    redis_shared.flush()

    async def on_redis() -> list[object]:
        clock = VirtualClock()
        async with redis_turns(redis_shared.url, clock, caps) as turns:
            return await history_of_turns(turns, clock, asked)

    async def in_memory() -> list[object]:
        clock = VirtualClock()
        return await history_of_turns(memory_turns(clock, caps), clock, asked)

    assert asyncio.run(in_memory()) == asyncio.run(on_redis())


async def history_of_slots(slots: Slots, clock: VirtualClock, asked: list[Step]) -> list[object]:
    """Return everything that `slots` answered."""
    told: list[object] = []
    got: list[Slot] = []
    for what, number, flag in asked:
        match what:
            case "acquire":
                answer = await slots.acquire(_caps(number, flag), holder="me", lease_s=LEASE_S)
                told.append(answer if isinstance(answer, CapReached) else "a slot")
                got += [answer] if isinstance(answer, Slot) else []
            case "renew" if got:
                told.append(await slots.renew(got[number % len(got)]))
            case "release" if got:
                await slots.release(got[number % len(got)])
            case _:
                clock.advance(LEASE_S * number / 30)
    return told


def _caps(number: int, is_wide: bool) -> list[Cap]:  # noqa: FBT001 - hypothesis draws it.
    own = Cap(CapName.FUNCTION, f"function:{number % 3}", 1 + number % 2)
    return [own, Cap(CapName.ALL, "all:", 3)] if is_wide else [own]


@given(asked=slot_steps)
@quick
def test_slots_are_the_same(redis_shared: RedisServer, asked: list[Step]) -> None:
    """The same questions at the same times get the same answers."""
    redis_shared.start_again()
    redis_shared.flush()

    async def on_redis() -> list[object]:
        clock = VirtualClock()
        async with redis_slots(redis_shared.url, clock) as slots:
            return await history_of_slots(slots, clock, asked)

    async def in_memory() -> list[object]:
        clock = VirtualClock()
        return await history_of_slots(memory_slots(clock), clock, asked)

    assert asyncio.run(in_memory()) == asyncio.run(on_redis())
