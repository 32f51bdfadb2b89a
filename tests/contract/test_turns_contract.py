"""What everything that hands out turns promises."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import TypeAlias

import pytest

from sanderling.fairness.cap import Shares
from sanderling.fairness.memory import MemoryTurns
from sanderling.fairness.ports import Turn
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from sanderling.redis import RedisTurns
from support.fairness import KINDS, LEASE_S, NOISY, OTHER, QUIET, memory_turns, redis_turns
from support.redis import RedisServer

AnyTurns: TypeAlias = MemoryTurns | RedisTurns


@pytest.fixture
def clock() -> VirtualClock:
    """Stand still until moved."""
    return VirtualClock()


@pytest.fixture(params=KINDS)
async def turns(request: pytest.FixtureRequest, clock: VirtualClock) -> AsyncGenerator[AnyTurns]:
    """Yield each kind in turn, with nobody ready."""
    if request.param == "memory":
        yield memory_turns(clock)
        return
    server: RedisServer = request.getfixturevalue("redis")
    server.flush()
    async with redis_turns(server.url, clock) as made:
        yield made


async def taken(turns: AnyTurns, times: int = 1) -> list[Turn]:
    """Return so many turns; each of them must be there."""
    got: list[Turn] = []
    for _ in range(times):
        turn = await turns.take("me")
        assert turn is not None
        got.append(turn)
    return got


def whose(turns: list[Turn]) -> list[WorkspaceId]:
    """Return the workspaces of `turns`."""
    return [turn.workspace_id for turn in turns]


async def test_without_work_there_is_no_turn(turns: AnyTurns) -> None:
    """Nobody is ready at first, and nobody is any more who found no work."""
    assert await turns.take("me") is None
    await turns.ready(QUIET)
    (turn,) = await taken(turns)

    await turns.give_back(turn, has_more=False)

    assert await turns.take("me") is None


async def test_a_workspace_stays_ready_until_it_has_no_work(turns: AnyTurns) -> None:
    """Saying ready once is enough for any number of turns, and saying it twice is no more."""
    await turns.ready(NOISY)
    await turns.ready(NOISY)

    assert whose(await taken(turns, 5)) == [NOISY] * 5


async def test_workspaces_take_turns(turns: AnyTurns) -> None:
    """Whoever has more work, everyone gets as many turns; who came first is first."""
    await turns.ready(NOISY)
    await taken(turns, 100)
    await turns.ready(QUIET)
    await turns.ready(OTHER)

    got = whose(await taken(turns, 30))

    assert Counter(got) == {NOISY: 10, QUIET: 10, OTHER: 10}
    assert set(got[:3]) == {NOISY, QUIET, OTHER}


async def test_no_cap_is_passed(turns: AnyTurns) -> None:
    """Neither that in all nor that of a workspace; others go past a workspace at its cap."""
    turns.follow(Shares(in_all=3, per_workspace=2))
    await turns.ready(NOISY)
    await taken(turns, 2)
    assert await turns.take("me") is None
    await turns.ready(QUIET)

    assert whose(await taken(turns)) == [QUIET]

    assert await turns.take("me") is None


async def test_beyond_a_soft_cap_one_gives_way_to_others_only(turns: AnyTurns) -> None:
    """No place stays free for nobody, and below the cap one comes before all above it."""
    turns.follow(Shares(soft=2))
    await turns.ready(NOISY)
    assert whose(await taken(turns, 4)) == [NOISY] * 4

    await turns.ready(QUIET)

    assert whose(await taken(turns, 2)) == [QUIET, QUIET]
    assert set(whose(await taken(turns, 2))) == {QUIET, NOISY}


async def test_without_a_soft_cap_it_is_an_even_share(turns: AnyTurns) -> None:
    """Of four places two who are ready have two each before one of them has a third."""
    turns.follow(Shares(in_all=4))
    await turns.ready(NOISY)
    first, second, *_ = await taken(turns, 4)
    await turns.ready(QUIET)
    for turn in (first, second):
        await turns.give_back(turn, has_more=True)

    assert whose(await taken(turns, 2)) == [QUIET, QUIET]


async def test_lowered_caps_are_kept_as_turns_end(turns: AnyTurns) -> None:
    """Turns above a new cap run to their end, and nobody is added meanwhile."""
    await turns.ready(NOISY)
    held = await taken(turns, 3)
    turns.follow(Shares(in_all=2))

    for turn in held[:2]:
        assert await turns.take("me") is None
        await turns.give_back(turn, has_more=True)

    assert await turns.take("me") is not None


async def test_a_turn_that_is_not_renewed_ends_and_its_workspace_is_ready(
    turns: AnyTurns, clock: VirtualClock
) -> None:
    """Whoever died with a turn in hand neither keeps the place nor hides the work."""
    turns.follow(Shares(in_all=1))
    await turns.ready(QUIET)
    (lost,) = await taken(turns)
    clock.advance(LEASE_S - 0.001)
    assert await turns.take("me") is None
    clock.advance(0.001)

    (turn,) = await taken(turns)

    assert turn.workspace_id == QUIET
    assert not await turns.renew(lost)
    assert await turns.renew(turn)


async def test_a_late_holder_ends_nobody_elses_turn(turns: AnyTurns, clock: VirtualClock) -> None:
    """Giving back what was lost, or twice, frees no place and takes no readiness away."""
    turns.follow(Shares(in_all=1))
    await turns.ready(QUIET)
    (lost,) = await taken(turns)
    clock.advance(LEASE_S)
    (held,) = await taken(turns)

    await turns.give_back(lost, has_more=False)
    await turns.give_back(lost, has_more=False)

    assert await turns.take("me") is None
    await turns.give_back(held, has_more=True)
    assert await turns.take("me") is not None


async def test_renewing_holds_a_turn(turns: AnyTurns, clock: VirtualClock) -> None:
    """A turn lasts as long as it is renewed in time."""
    turns.follow(Shares(in_all=1))
    await turns.ready(QUIET)
    (turn,) = await taken(turns)

    for _ in range(5):
        clock.advance(LEASE_S - 1)
        assert await turns.renew(turn)
        assert await turns.take("me") is None


async def test_work_that_came_meanwhile_is_not_forgotten(turns: AnyTurns) -> None:
    """Who looked before the work came says there is none, and the workspace stays ready."""
    await turns.ready(QUIET)
    (turn,) = await taken(turns)
    await turns.ready(QUIET)

    await turns.give_back(turn, has_more=False)

    assert whose(await taken(turns)) == [QUIET]


async def test_fences_only_grow_and_tokens_differ(turns: AnyTurns, clock: VirtualClock) -> None:
    """Of two turns the later one has the higher fence, whoever has them."""
    await turns.ready(NOISY)
    await turns.ready(QUIET)
    got = await taken(turns, 3)
    clock.advance(LEASE_S)
    got += await taken(turns, 3)

    fences = [turn.fence for turn in got]
    assert fences == sorted(set(fences))
    assert len({turn.token for turn in got}) == len(got)


async def test_leaving_and_coming_back_wins_nothing(turns: AnyTurns) -> None:
    """Who has one execution after the other gets no more turns than who has them all at once."""
    await turns.ready(NOISY)
    got = Counter[WorkspaceId]()
    for _ in range(40):
        await turns.ready(QUIET)
        (turn,) = await taken(turns)
        got[turn.workspace_id] += 1
        await turns.give_back(turn, has_more=turn.workspace_id == NOISY)

    assert abs(got[NOISY] - got[QUIET]) <= 1
