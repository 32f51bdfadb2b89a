"""People see, await, cancel and replay what is queued, within what they may."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from drivers.memory import log_text
from runner.executions.errors import ExecutionNotEnded, ExecutionUnknown, FollowersFull
from runner.executions.execution import OVERDUE, Execution, ExecutionStatus
from runner.executions.executions import MOST_FOLLOWED
from runner.executions.ports import ExecutionFilter
from runner.executions.progress import BEGINNING, Heard
from runner.executions.watch import Beat
from runner.function import Definition
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import JSON
from support.queue import Queue, settle
from support.river import Caller

REQUEST = RequestId("req_test")
BAD = "# outcome: user_error"


async def _ended(queue: Queue, caller: Caller) -> Execution:
    execution = await queue.submit(caller, b"7", priority=2, max_attempts=3)
    await queue.work()
    return await queue.row(execution)


async def test_an_execution_is_shown_to_its_workspace_alone() -> None:
    """Another workspace learns no more than of an id that nobody has."""
    queue = Queue()
    caller = await queue.caller()
    stranger = await queue.river.caller(workspace_id=queue.river.elsewhere)
    execution = await queue.submit(caller)

    assert execution == await queue.executions.get(caller.principal, execution.id)
    for who, named in ((stranger, execution.id), (caller, "exec_0"), (caller, "call_\0")):
        with pytest.raises(ExecutionUnknown):
            await queue.executions.get(who.principal, named)
        with pytest.raises(ExecutionUnknown):
            await queue.executions.cancel(who.principal, named)


async def test_executions_are_listed() -> None:
    """A function that cannot be has none."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)

    everything = await queue.executions.list(caller.principal)
    nothing = await queue.executions.list(
        caller.principal, matching=ExecutionFilter(function="No such name")
    )

    assert [each.id for each in everything.rows] == [execution.id]
    assert nothing.rows == ()


async def test_who_waits_gets_the_end_when_it_comes() -> None:
    """The answer is there at the moment the execution ends, not at the next look."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)
    waiting = asyncio.create_task(queue.executions.get(caller.principal, execution.id, wait_s=60))
    await settle()

    await queue.work()

    assert (await waiting).status is ExecutionStatus.SUCCEEDED


async def test_who_waits_in_vain_gets_what_there_is() -> None:
    """After its time the execution is returned as it is by then."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)
    waiting = asyncio.create_task(queue.executions.get(caller.principal, execution.id, wait_s=5))

    for _ in range(4):
        await settle()
        queue.clock.advance(2)

    assert (await waiting).status is ExecutionStatus.WAITING


async def test_news_that_are_lost_cost_only_time() -> None:
    """Who waits looks at the row as well."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)
    waiting = asyncio.create_task(queue.executions.get(caller.principal, execution.id, wait_s=60))
    await settle()
    await queue.store.ask_cancel(execution.workspace_id, execution.id, now=queue.clock.now())

    queue.clock.advance(2)

    assert (await waiting).status is ExecutionStatus.CANCELLED


async def test_an_execution_is_followed_to_its_end() -> None:
    """Status, log and end come in order, and nothing follows the end."""
    queue = Queue({"talk": _talk})
    caller = await queue.caller(definition=Definition("talk"))
    execution = await queue.submit(caller)
    follow = await queue.executions.follow(caller.principal, execution.id)
    first = await anext(follow)
    await queue.work()

    events = [event async for event in follow]

    assert first == execution
    heard = [event.news.text for event in events if isinstance(event, Heard)]
    assert heard == ["running", "hello\n", "succeeded"]
    assert events[-1] == await queue.row(execution)
    again = await queue.executions.follow(caller.principal, execution.id, after=BEGINNING)
    assert [type(event).__name__ async for event in again] == [
        *("Execution", "Heard", "Heard", "Heard", "Execution")
    ]


def _talk(event: JSON, _: Mapping[str, JSON]) -> JSON:
    log_text("hello\n")
    return event


async def test_a_quiet_execution_gives_signs_of_life() -> None:
    """While nothing happens a beat comes now and then, so that connections stay open."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller, delay_s=999)
    follow = await queue.executions.follow(caller.principal, execution.id)
    await anext(follow)
    coming = asyncio.ensure_future(anext(follow))

    for _ in range(8):
        await settle()
        queue.clock.advance(2)

    assert await coming == Beat()
    await follow.aclose()


async def test_what_waits_is_cancelled_and_told() -> None:
    """It is at its end at once; cancelling again, or what has ended, changes nothing."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)

    after = await queue.executions.cancel(caller.principal, execution.id)
    again = await queue.executions.cancel(caller.principal, execution.id)

    assert after.status is ExecutionStatus.CANCELLED
    assert after == again
    assert [end.status for end in queue.ends] == ["cancelled"]
    heard = await queue.progress.hear(execution.id, after=BEGINNING, wait_s=0)
    assert [each.news.text for each in heard] == ["cancelled"]


async def test_members_steer_what_they_queued_themselves() -> None:
    """What others queued takes the permission to manage executions."""
    queue = Queue()
    admin = await queue.caller()
    mine, other = [await queue.river.caller(Role.MEMBER) for _ in range(2)]
    execution = await queue.submit(mine)

    with pytest.raises(Forbidden, match=r"executions\.manage"):
        await queue.executions.cancel(other.principal, execution.id)
    with pytest.raises(Forbidden, match=r"executions\.manage"):
        await queue.executions.replay(other.principal, execution.id, request_id=REQUEST)
    assert (await queue.executions.get(other.principal, execution.id)).id == execution.id
    cancelled = await queue.executions.cancel(mine.principal, execution.id)
    added = await queue.executions.replay(admin.principal, execution.id, request_id=REQUEST)

    assert cancelled.status is ExecutionStatus.CANCELLED
    assert added.execution.key_id == admin.principal.key_id


async def test_a_dead_execution_is_replayed() -> None:
    """The new one does what the old one did, and names it; the old one stays as it ended."""
    queue = Queue()
    caller = await queue.caller(definition=Definition(BAD))
    dead = await _ended(queue, caller)

    added = await queue.executions.replay(caller.principal, dead.id, request_id=REQUEST)
    other = await queue.executions.replay(
        caller.principal, dead.id, request_id=REQUEST, event_json=b"8"
    )

    new = added.execution
    assert dead.status is ExecutionStatus.DEAD
    assert (new.replay_of, new.event_json, new.priority, new.max_attempts) == (dead.id, b"7", 2, 3)
    assert (new.status, new.attempts) == (ExecutionStatus.WAITING, 0)
    assert other.execution.event_json == b"8"
    assert dead == await queue.row(dead)


async def test_what_has_not_ended_is_not_replayed() -> None:
    """It would run twice at once."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)

    with pytest.raises(ExecutionNotEnded):
        await queue.executions.replay(caller.principal, execution.id, request_id=REQUEST)


async def test_overdue_executions_are_ended_and_told() -> None:
    """A deadline that passes while nobody has time ends the execution."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller, deadline_s=5.0)

    queue.clock.advance(5)
    await queue.reconciler.look()

    row = await queue.row(execution)
    assert (row.status, row.outcome) == (ExecutionStatus.DEAD, OVERDUE)
    assert row.event_json == b"1"
    assert [end.status for end in queue.ends] == ["dead"]


async def test_workspaces_with_work_are_named_to_who_runs_it() -> None:
    """A ticket that was lost costs one round of the reconciler."""
    queue = Queue()
    caller = await queue.caller()
    await queue.submit(caller)
    await queue.submit(caller, delay_s=50)

    await queue.reconciler.look()

    assert queue.nudged == [queue.river.here]
    assert queue.counts[-1].numbers == {"waiting": 2, "running": 0, "dead": 0}


async def test_old_ends_are_forgotten() -> None:
    """What ended a month ago is gone; what ended later is not."""
    queue = Queue()
    caller = await queue.caller()
    old = await _ended(queue, caller)
    queue.clock.advance(29 * 86_400)
    young = await _ended(queue, caller)

    queue.clock.advance(86_401)
    now = queue.clock.now()
    month = timedelta(days=30)
    gone = await queue.store.forget(finished_before=now - month, now=now, limit=9)

    assert gone >= 1
    assert await queue.store.find(old.workspace_id, old.id) is None
    assert await queue.row(young) == young


async def test_one_workspace_does_not_take_every_connection_by_following() -> None:
    """What it follows is bounded, whoever ends makes room, and another workspace has its own."""
    queue = Queue()
    caller = await queue.caller()
    other = await queue.river.caller(workspace_id=queue.river.elsewhere)
    await queue.river.publish(other)
    execution, theirs = await queue.submit(caller), await queue.submit(other)
    follows = [
        await queue.executions.follow(caller.principal, execution.id) for _ in range(MOST_FOLLOWED)
    ]
    late = await queue.executions.follow(caller.principal, execution.id)
    for follow in follows:
        await anext(follow)

    with pytest.raises(FollowersFull):
        await queue.executions.follow(caller.principal, execution.id)
    assert [event async for event in late] == []
    await anext(await queue.executions.follow(other.principal, theirs.id))
    await follows[0].aclose()
    await anext(await queue.executions.follow(caller.principal, execution.id))
