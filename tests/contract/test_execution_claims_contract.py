"""What every execution store promises of who has an execution, and until when."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from runner.executions.execution import (
    cancelled,
    claimed,
    overdue,
    rescheduled,
)
from runner.executions.ports import ExecutionStore, Hold
from support.executions import (
    LEASE,
    a_claim,
    a_whole_execution,
    an_execution,
    execution_store,
    keep,
    run,
    succeeded,
)
from support.records import HERE, START, THERE

LATER = START + LEASE


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[ExecutionStore]:
    """Yield an empty store of each kind in turn."""
    async with execution_store(request) as opened:
        yield opened


async def test_a_claim_begins_the_next_attempt(store: ExecutionStore) -> None:
    """Whoever claims gets the execution as its row is from then on."""
    execution = a_whole_execution()
    await keep(store, execution)
    claim = a_claim()

    running = await store.claim(HERE, claim)

    assert claimed(execution, claim) == running
    assert running == await store.find(HERE, execution.id)
    assert await store.claim(HERE, a_claim()) is None


async def test_what_is_claimed_first(store: ExecutionStore) -> None:
    """Lower priority goes before earlier due, that before older ids; nothing before its time."""
    late = an_execution(due_in_s=31, priority=0)
    fourth = an_execution(priority=9, due_in_s=-5)
    second, third = an_execution(due_in_s=-1), an_execution()
    first = an_execution(priority=0)
    await keep(store, late, fourth, third, second, first, an_execution(THERE))

    claims = [await store.claim(HERE, a_claim()) for _ in range(5)]

    ids = [each.id if each else None for each in claims]
    assert [first.id, second.id, third.id, fourth.id, None] == ids


async def test_many_at_once_claim_different_ones(store: ExecutionStore) -> None:
    """No execution is handed out twice, and none is left while somebody asks."""
    executions = [an_execution(priority=number % 3) for number in range(6)]
    await keep(store, *executions)

    claims = await asyncio.gather(*(store.claim(HERE, a_claim()) for _ in range(8)))

    ids = sorted(each.id for each in claims if each)
    assert sorted(each.id for each in executions) == ids


async def test_a_lane_runs_one_at_a_time(store: ExecutionStore) -> None:
    """What shares a lane with a running execution is stepped over until that one is done."""
    blocked = an_execution(lane="a", priority=1)
    free, other = an_execution(lane="b", priority=2), an_execution(priority=3)
    running = await run(store, an_execution(lane="a", priority=0))
    await keep(store, blocked, free, other, an_execution(THERE, lane="a"))

    before = [await store.claim(HERE, a_claim()) for _ in range(3)]
    await store.settle(running, succeeded(running))
    after = await store.claim(HERE, a_claim())

    assert [free.id, other.id, None] == [each.id if each else None for each in before]
    assert after is not None
    assert blocked.id == after.id


async def test_many_at_once_claim_one_of_a_lane(store: ExecutionStore) -> None:
    """Whoever comes second in a lane takes something else, or nothing."""
    lane = [an_execution(lane="a", priority=0) for _ in range(4)]
    others = [an_execution(priority=1) for _ in range(2)]
    await keep(store, *lane, *others)

    claims = await asyncio.gather(*(store.claim(HERE, a_claim()) for _ in range(6)))

    found = [each for each in claims if each]
    assert [each.lane for each in found].count("a") == 1
    assert {each.id for each in others} == {each.id for each in found if each.lane is None}


async def test_a_lease_is_lengthened_by_who_holds_it(store: ExecutionStore) -> None:
    """A renewed lease is in the row, and does not run out at its old time."""
    running = await run(store)

    hold = await store.renew(running, lease_until=LATER + LEASE)

    assert hold is Hold.HELD
    assert list(await store.expired(LATER, limit=9)) == []
    kept = await store.find(HERE, running.id)
    assert replace(running, lease_until=LATER + LEASE) == kept


async def test_an_old_fence_changes_nothing(store: ExecutionStore) -> None:
    """Who was taken for gone can neither renew nor settle what another has claimed since."""
    old = await run(store)
    await store.settle(old, rescheduled(old, START, outcome="unknown_outcome"))
    new = await store.claim(HERE, a_claim(worker="worker-2"))
    assert new is not None

    assert await store.renew(old, lease_until=LATER + LEASE) is Hold.LOST
    assert not await store.settle(old, succeeded(old))
    assert not await store.end_waiting(old, overdue(old, LATER))

    assert new.fence == old.fence + 1
    assert new == await store.find(HERE, new.id)


async def test_an_end_iskeep(store: ExecutionStore) -> None:
    """The last step of an execution is in its row, with the whole answer."""
    running = await run(store, a_whole_execution())
    done = succeeded(running)

    assert await store.settle(running, done)

    assert done == await store.find(HERE, done.id)
    assert not await store.settle(done, done)
    assert await store.renew(done, lease_until=LATER + LEASE) is Hold.LOST


async def test_a_rescheduled_execution_waits_again(store: ExecutionStore) -> None:
    """It is claimed once its time has come, and remembers when it began."""
    running = await run(store)
    waiting = rescheduled(running, LATER, outcome="platform_error", detail="Why \N{SNOWMAN}.")

    assert await store.settle(running, waiting)

    assert waiting == await store.find(HERE, running.id)
    assert await store.claim(HERE, a_claim()) is None
    claim = a_claim(LATER)
    assert claimed(waiting, claim) == await store.claim(HERE, claim)


async def test_a_waiting_execution_is_cancelled_at_once(store: ExecutionStore) -> None:
    """Nobody claims it any more, and asking again changes nothing."""
    execution = an_execution()
    await keep(store, execution)

    after = await store.ask_cancel(HERE, execution.id, now=START)

    assert cancelled(replace(execution, is_cancel_asked=True), START) == after
    assert after == await store.find(HERE, execution.id)
    assert after == await store.ask_cancel(HERE, execution.id, now=LATER)
    assert await store.claim(HERE, a_claim()) is None
    assert await store.ask_cancel(THERE, execution.id, now=START) is None


async def test_a_running_execution_is_told_of_its_end(store: ExecutionStore) -> None:
    """Who runs it learns it at the next renewal, and cannot make it run again."""
    running = await run(store)

    after = await store.ask_cancel(HERE, running.id, now=START)

    assert replace(running, is_cancel_asked=True) == after
    assert await store.renew(running, lease_until=LATER) is Hold.CANCEL_ASKED
    assert not await store.settle(running, rescheduled(running, START, outcome="user_error"))
    assert await store.settle(running, cancelled(running, LATER))
    kept = await store.find(HERE, running.id)
    assert cancelled(replace(running, is_cancel_asked=True), LATER) == kept


async def test_an_end_is_not_cancelled(store: ExecutionStore) -> None:
    """Asking for the end of what has ended returns it as it is."""
    running = await run(store)
    done = succeeded(running)
    await store.settle(running, done)

    assert done == await store.ask_cancel(HERE, done.id, now=LATER)


async def test_expired_leases_are_found(store: ExecutionStore) -> None:
    """Leases of any workspace that ran out come first to last, whole, and as many as asked for."""
    await keep(store, an_execution(), an_execution(THERE), an_execution())
    late = await store.claim(HERE, a_claim(LATER))
    early = await store.claim(THERE, a_claim())
    await store.claim(HERE, a_claim(LATER + LEASE))

    assert [early, late] == list(await store.expired(LATER + LEASE, limit=9))
    assert [early] == list(await store.expired(LATER + LEASE, limit=1))
    assert list(await store.expired(LATER - timedelta(microseconds=1), limit=9)) == []


async def test_passed_deadlines_are_found_and_never_claimed(store: ExecutionStore) -> None:
    """A waiting execution past its deadline is left to whoever ends it."""
    late = an_execution(deadline_at=START)
    in_time = an_execution(deadline_at=LATER)
    await keep(store, in_time, late)

    assert [late.id] == [each.id for each in await store.overdue(START, limit=9)]
    assert await store.end_waiting(late, overdue(late, START))
    assert overdue(late, START) == await store.find(HERE, late.id)
    running = await store.claim(HERE, a_claim())
    assert running is not None
    assert in_time.id == running.id
    assert await store.claim(HERE, a_claim()) is None
    assert not await store.end_waiting(in_time, overdue(in_time, LATER))


async def test_workspaces_with_due_work_are_named(store: ExecutionStore) -> None:
    """Only what could be claimed makes a workspace due."""
    await keep(
        store,
        an_execution(due_in_s=30),
        an_execution(deadline_at=START),
        an_execution(THERE),
    )

    assert list(await store.due_workspaces(START, limit=9)) == [THERE]
    assert list(await store.due_workspaces(LATER, limit=9)) == [HERE, THERE]
    assert list(await store.due_workspaces(LATER, limit=1)) == [HERE]
    await store.claim(THERE, a_claim())
    assert list(await store.due_workspaces(START, limit=9)) == []
