"""Executions are run once where they must, again where they may, and by whoever holds them."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from drivers.memory import Scripted
from drivers.port import OutcomeKind
from runner.executions.execution import ExecutionStatus
from runner.executions.progress import BEGINNING, NewsKind
from runner.function import Definition
from sanderling.kernel.jsontext import JSON, decode
from support.queue import Gate, Queue, settle

SLOW = "slow"
FLAKY = "flaky"


class Failing:
    """A handler that fails a number of times, with a word of its own, and then does well."""

    def __init__(self, times: int, kind: OutcomeKind = OutcomeKind.USER_ERROR) -> None:
        self.times = times
        self.kind = kind
        self.contexts: list[Mapping[str, JSON]] = []

    def __call__(self, _event: JSON, context: Mapping[str, JSON]) -> JSON:
        """Fail, or not any more."""
        self.contexts.append(context)
        if len(self.contexts) <= self.times:
            raise Scripted(self.kind, detail="As scripted.")
        return "done"


async def test_a_queued_call_runs_and_keeps_its_answer() -> None:
    """What was queued is run, recorded like any call, and answered from its row."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller, b'{"a":1}')

    await queue.work()

    row = await queue.row(execution)
    assert (row.status, row.outcome, row.attempts) == (ExecutionStatus.SUCCEEDED, "ok", 1)
    answer = decode(row.answer_json or b"")
    assert isinstance(answer, dict)
    assert (answer["result"], answer["call_id"]) == ({"a": 1}, row.call_id)
    record = await queue.river.calls.get(caller.principal, row.call_id or "")
    assert (record.id, record.key_id) == (row.call_id, caller.principal.key_id)
    assert [end.status for end in queue.ends] == ["succeeded"]


async def test_everything_that_is_due_is_run() -> None:
    """One who attends goes on until there is nothing left."""
    queue = Queue()
    caller = await queue.caller()
    due = [await queue.submit(caller) for _ in range(3)]
    later = await queue.submit(caller, delay_s=5)

    await queue.work()

    assert {(await queue.row(each)).status for each in due} == {ExecutionStatus.SUCCEEDED}
    assert (await queue.row(later)).status is ExecutionStatus.WAITING
    queue.clock.advance(6)
    await queue.work()
    assert (await queue.row(later)).status is ExecutionStatus.SUCCEEDED
    assert queue.claims[-1].waited_s == 1


async def test_an_idempotent_function_is_tried_again_after_a_pause() -> None:
    """Each attempt is a call of its own, and the last one's end is that of the execution."""
    failing = Failing(2)
    queue = Queue({FLAKY: failing})
    caller = await queue.caller(definition=Definition(FLAKY, is_idempotent=True))
    execution = await queue.submit(caller)

    for _ in range(3):
        await queue.work()
        queue.clock.advance(10)

    row = await queue.row(execution)
    assert (row.status, row.attempts) == (ExecutionStatus.SUCCEEDED, 3)
    assert len({str(context["call_id"]) for context in failing.contexts}) == 3
    assert len((await queue.river.calls.list(caller.principal)).rows) == 3


async def test_a_function_that_declares_nothing_runs_once() -> None:
    """Its first failure is the end."""
    failing = Failing(1)
    queue = Queue({FLAKY: failing})
    caller = await queue.caller(definition=Definition(FLAKY))
    execution = await queue.submit(caller)

    await queue.work()
    queue.clock.advance(1000)
    await queue.work()

    row = await queue.row(execution)
    assert (row.status, row.outcome) == (ExecutionStatus.DEAD, "user_error")
    assert len(failing.contexts) == 1


async def test_without_room_an_execution_waits_as_long_as_it_takes() -> None:
    """Attempts that were not made are not counted, and the pauses grow."""
    failing = Failing(8, OutcomeKind.SATURATED)
    queue = Queue({FLAKY: failing})
    caller = await queue.caller(definition=Definition(FLAKY))
    execution = await queue.submit(caller, max_attempts=1)

    for _ in range(9):
        await queue.work()
        queue.clock.advance(300)

    row = await queue.row(execution)
    assert (row.status, row.attempts, row.fence) == (ExecutionStatus.SUCCEEDED, 1, 9)


async def test_a_function_that_is_gone_is_told() -> None:
    """Neither a deleted function nor a later one of its name is run."""
    queue = Queue()
    caller = await queue.caller()
    first = await queue.submit(caller)
    await queue.river.functions.delete(caller.principal, "echo")
    second_try = await queue.row(first)
    await queue.river.publish(caller)

    await queue.work()

    row = await queue.row(second_try)
    assert (row.status, row.outcome) == (ExecutionStatus.DEAD, "function_unknown")
    assert "echo" in row.detail


async def test_the_deadline_bounds_the_attempt() -> None:
    """What is left until the deadline is all that the guest has."""
    failing = Failing(0)
    queue = Queue({FLAKY: failing})
    caller = await queue.caller(definition=Definition(FLAKY))
    await queue.submit(caller, deadline_s=2.0, timeout_s=3.0)
    queue.clock.advance(0.5)

    await queue.work()

    assert failing.contexts[0]["timeout_s"] == 1.5


async def test_a_lease_is_kept_while_its_execution_runs() -> None:
    """However long it takes, nobody takes over from a worker that lives."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW, is_idempotent=True))
    execution = await queue.submit(caller)
    task = await queue.start()

    for _ in range(6):
        queue.clock.advance(10)
        await settle()
        await queue.reconciler.look()
        await queue.work(queue.new_worker("worker-2"))
    gate.open.set()
    await task

    row = await queue.row(execution)
    assert (row.status, row.attempts, gate.began) == (ExecutionStatus.SUCCEEDED, 1, 1)


async def test_a_running_execution_is_cancelled_at_once_where_it_runs() -> None:
    """Its guest is ended, and the record says that nobody knows how far it got."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW, is_idempotent=True))
    execution = await queue.submit(caller)
    task = await queue.start()

    asked = await queue.executions.cancel(caller.principal, execution.id)
    await task

    assert asked.is_cancel_asked
    row = await queue.row(execution)
    assert row.status is ExecutionStatus.CANCELLED
    record = await queue.river.calls.get(caller.principal, row.call_id or "")
    assert record.outcome.kind is OutcomeKind.UNKNOWN_OUTCOME
    assert "cancelled" in record.outcome.detail


async def test_a_cancellation_elsewhere_is_seen_when_the_lease_is_renewed() -> None:
    """Asked by row alone, it ends the guest in another process within a renewal."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW))
    execution = await queue.submit(caller)
    task = await queue.start()
    await queue.store.ask_cancel(execution.workspace_id, execution.id, now=queue.clock.now())

    queue.clock.advance(10)
    await task

    assert (await queue.row(execution)).status is ExecutionStatus.CANCELLED


async def test_a_cancellation_in_the_last_moment_keeps_it_from_running_again() -> None:
    """Asked between the last look and the end of an attempt, it still holds."""
    queue = Queue()

    async def cancel_and_fail(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
        row = await queue.row(execution)
        await queue.store.ask_cancel(row.workspace_id, row.id, now=queue.clock.now())
        raise Scripted(OutcomeKind.USER_ERROR)

    queue = Queue({FLAKY: cancel_and_fail})
    caller = await queue.caller(definition=Definition(FLAKY, is_idempotent=True))
    execution = await queue.submit(caller)

    await queue.work()

    assert (await queue.row(execution)).status is ExecutionStatus.CANCELLED


async def test_who_lost_its_lease_ends_the_guest_and_writes_nothing() -> None:
    """A worker that was taken for gone leaves the row to the one that has it now."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW, is_idempotent=True))
    execution = await queue.submit(caller)
    task = await queue.start()
    row = await queue.row(execution)
    moved = replace(row, status=ExecutionStatus.WAITING, lease_until=None)
    assert await queue.store.settle(row, moved)
    other = await queue.start(queue.new_worker("worker-2"))

    queue.clock.advance(10)
    await task
    gate.open.set()
    await other

    row = await queue.row(execution)
    assert (row.status, row.attempts) == (ExecutionStatus.SUCCEEDED, 2)
    assert [end.status for end in queue.ends] == ["succeeded"]


async def test_a_lost_worker_is_healed_by_any_other() -> None:
    """Its lease runs out; what may run again does, what may not is dead, and both are recorded."""
    gate = Gate()
    queue = Queue({SLOW: gate, "other": gate})
    caller = await queue.caller(definition=Definition(SLOW, is_idempotent=True))
    await queue.river.publish(caller, "other", Definition("other"))
    again, once = await queue.submit(caller), await queue.submit(caller, function="other")
    tasks = [await queue.start(), await queue.start(queue.new_worker("worker-2"))]
    rows = [await queue.row(again), await queue.row(once)]
    for row in rows:
        await queue.store.renew(row, lease_until=queue.clock.now() + timedelta(seconds=1))

    queue.clock.advance(1)
    await queue.reconciler.look()

    healed = await queue.row(again)
    assert healed.status is ExecutionStatus.WAITING
    assert queue.announced[-1] == healed
    dead = await queue.row(once)
    assert (dead.status, dead.outcome) == (ExecutionStatus.DEAD, "unknown_outcome")
    record = await queue.river.calls.get(caller.principal, dead.call_id or "")
    assert record.outcome.kind is OutcomeKind.UNKNOWN_OUTCOME
    gate.open.set()
    await asyncio.gather(*tasks)
    assert (await queue.row(once)) == dead


async def test_an_end_that_was_recorded_is_not_forgotten_with_its_worker() -> None:
    """A worker that died between record and row did its work: that work is the outcome."""
    queue = Queue()
    caller = await queue.caller()
    execution = await queue.submit(caller)
    queue.store.away = {"settle"}
    await queue.work()
    queue.store.away = set()
    queue.clock.advance(31)
    await queue.reconciler.look()

    row = await queue.row(execution)
    assert (row.status, row.attempts) == (ExecutionStatus.SUCCEEDED, 1)
    assert len((await queue.river.calls.list(caller.principal)).rows) == 1


async def test_a_lane_goes_on_after_its_first() -> None:
    """Executions of one lane run one after another, all of them."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW))
    lane = [await queue.submit(caller, lane="a") for _ in range(2)]
    task = await queue.start()
    await queue.work(queue.new_worker("worker-2"))

    before = gate.began
    gate.open.set()
    await task

    assert before == 1
    assert {(await queue.row(each)).status for each in lane} == {ExecutionStatus.SUCCEEDED}


async def test_logs_are_told_while_the_guest_runs() -> None:
    """Who watches hears what is printed before there is an outcome."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW))
    execution = await queue.submit(caller)
    task = await queue.start()

    queue.clock.advance(0.1)
    await settle()
    heard = await queue.progress.hear(execution.id, after=BEGINNING, wait_s=0)

    assert [(one.news.kind, one.news.text) for one in heard] == [
        (NewsKind.STATUS, "running"),
        (NewsKind.LOG, "began 1\n"),
    ]
    gate.open.set()
    await task
    heard = await queue.progress.hear(execution.id, after=heard[-1].place, wait_s=0)
    assert [one.news.text for one in heard] == ["succeeded"]


async def test_a_database_that_is_away_leaves_everything_waiting() -> None:
    """Nobody claims without it, and whoever attends comes back without a fault."""
    queue = Queue()
    caller = await queue.caller()
    await queue.submit(caller)

    queue.store.away = {"claim"}
    await queue.work()

    assert not queue.worker.running


@pytest.mark.parametrize("kind", [OutcomeKind.DISABLED, OutcomeKind.MISCONFIGURED])
async def test_switched_off_functions_keep_their_executions(kind: OutcomeKind) -> None:
    """While functions are switched off everything waits, and says so."""
    queue = Queue({FLAKY: Failing(1, kind)})
    caller = await queue.caller(definition=Definition(FLAKY))
    execution = await queue.submit(caller)

    await queue.work()

    row = await queue.row(execution)
    assert (row.status, row.attempts, row.outcome) == (ExecutionStatus.WAITING, 0, kind)
    assert row.detail == "As scripted."
