"""Runs of workflows wait beyond the soft limit and are refused beyond the hard one."""

import asyncio

import pytest

from drivers.port import OutcomeKind
from runner.call import Trigger
from runner.errors import RateLimited
from runner.function import RateLimit
from runner.limit_policy import WORKFLOW_AHEAD_S, WORKFLOW_WAIT_S, LimitPolicy
from support.river import GENEROUS, Caller, River

SOFT = RateLimit(2, 2_000)
HARD = RateLimit(20, 3_600_000)


def policy(soft: RateLimit = SOFT, hard: RateLimit = HARD) -> LimitPolicy:
    """Return generous limits but for workflows."""
    return LimitPolicy(GENEROUS, GENEROUS, GENEROUS, workflow_soft=soft, workflow_hard=hard)


async def a_river(limits: LimitPolicy) -> tuple[River, Caller]:
    """Return a river with a published function, and someone who may call it."""
    river = River(policy=limits)
    caller = await river.caller()
    await river.publish(caller)
    return river, caller


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_runs_beyond_the_soft_limit_wait_in_order() -> None:
    """Two run at once, then one each second, the first who came first; all of them run."""
    river, caller = await a_river(policy())
    ended: list[int] = []

    async def run(number: int) -> None:
        report = await river.call(caller, event_json=b"%d" % number, trigger=Trigger.WORKFLOW)
        assert report.record.outcome.kind is OutcomeKind.OK
        ended.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(run(number))
            await settle()
        assert ended == [0, 1]

        for number in (2, 3, 4):
            river.clock.advance(0.999)
            await settle()
            assert number not in ended
            river.clock.advance(0.001)
            await settle()
            assert ended[-1] == number

    records = (await river.calls.list(caller.principal, limit=50, cursor=None)).rows
    assert {record.trigger for record in records} == {Trigger.WORKFLOW}


async def test_a_line_that_is_too_long_refuses_at_once() -> None:
    """Nobody waits for longer than is stated; who is refused took nothing, and is told when."""
    river, caller = await a_river(policy())
    waiting = [
        asyncio.create_task(river.call(caller, trigger=Trigger.WORKFLOW))
        for _ in range(2 + int(WORKFLOW_WAIT_S))
    ]
    await settle()

    with pytest.raises(RateLimited) as refused:
        await river.call(caller, trigger=Trigger.WORKFLOW)
    with pytest.raises(RateLimited) as again:
        await river.call(caller, trigger=Trigger.WORKFLOW)

    assert refused.value.facts["rule"] == "workflow-executions-soft"
    assert (refused.value.resets_in_s, again.value.resets_in_s) == (1, 1)
    river.clock.advance(1)
    last = asyncio.create_task(river.call(caller, trigger=Trigger.WORKFLOW))
    await settle()
    river.clock.advance(WORKFLOW_WAIT_S)
    reports = await asyncio.gather(*waiting, last)
    assert all(report.record.outcome.kind is OutcomeKind.OK for report in reports)


async def test_runs_beyond_the_hard_limit_are_refused() -> None:
    """The hard limit refuses whatever the soft one would allow."""
    river, caller = await a_river(policy(soft=GENEROUS, hard=RateLimit(2, 60_000)))
    for _ in range(2):
        await river.call(caller, trigger=Trigger.WORKFLOW)

    with pytest.raises(RateLimited) as refused:
        await river.call(caller, trigger=Trigger.WORKFLOW)

    assert refused.value.facts["rule"] == "workflow-executions-hard"
    assert refused.value.resets_in_s == 30


@pytest.mark.parametrize("trigger", [Trigger.MANUAL, Trigger.API])
async def test_other_calls_skip_the_limits_of_workflows(trigger: Trigger) -> None:
    """Runs by hand and calls of other programs neither wait nor take from what workflows have."""
    river, caller = await a_river(policy(hard=RateLimit(1, 60_000)))

    for _ in range(5):
        report = await river.call(caller, trigger=trigger)
        assert len(report.admission.states) == 4

    assert (await river.call(caller, trigger=Trigger.WORKFLOW)).record.trigger is Trigger.WORKFLOW


async def test_what_nobody_waits_for_is_booked_ahead() -> None:
    """A queued run is told when it is due, up to an hour ahead, and nobody overtakes it."""
    river, caller = await a_river(policy(soft=RateLimit(1, 1_000_000), hard=GENEROUS))
    target = await river.targets.find(river.here, "echo", 1)

    dues = [(await river.gate.book(target.workflow_rules)).wait_s for _ in range(4)]

    assert dues == [0, 1000, 2000, 3000]
    assert dues[-1] + 1000 > WORKFLOW_AHEAD_S
    with pytest.raises(RateLimited):
        await river.gate.book(target.workflow_rules)
    with pytest.raises(RateLimited):
        await river.call(caller, trigger=Trigger.WORKFLOW)


async def test_changed_limits_keep_who_came_before() -> None:
    """Other numbers count on from what was used up, and from who waits in line."""
    river, caller = await a_river(policy(soft=RateLimit(1, 4_000)))
    await river.call(caller, trigger=Trigger.WORKFLOW)
    first = asyncio.create_task(river.call(caller, trigger=Trigger.WORKFLOW))
    await settle()

    quicker = policy(soft=RateLimit(1, 1_000))
    river.gate.follow(quicker)
    river.targets.follow(quicker)
    second = asyncio.create_task(river.call(caller, trigger=Trigger.WORKFLOW))
    await settle()
    river.clock.advance(4)
    await settle()

    assert first.done()
    assert not second.done()
    river.clock.advance(4)
    await settle()
    assert second.done()
    await asyncio.gather(first, second)
