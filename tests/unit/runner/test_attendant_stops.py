"""A process that stops leaves executions to others, as far as they may run again."""

import asyncio

from runner.executions.execution import ExecutionStatus
from runner.function import Definition, Function
from runner.memory import MemoryFunctionStore
from sanderling.kernel.ids import WorkspaceId
from support.queue import Gate, Queue, settle

SLOW = "slow"


class SlowFunctions(MemoryFunctionStore):
    """A store that does not find functions any more once `is_stuck`."""

    is_stuck = False

    async def find_function(self, workspace_id: WorkspaceId, name: str) -> Function | None:
        """Find it, or take for ever."""
        if self.is_stuck:
            await asyncio.Event().wait()
        return await super().find_function(workspace_id, name)


async def test_a_worker_that_must_stop_hands_over_what_may_run_again() -> None:
    """An attempt that is cut off by the end of the process is settled before it goes."""
    gate = Gate()
    queue = Queue({SLOW: gate, "other": gate})
    caller = await queue.caller(definition=Definition(SLOW, is_idempotent=True))
    await queue.river.publish(caller, "other", Definition("other"))
    again, once = await queue.submit(caller), await queue.submit(caller, function="other")
    tasks = [await queue.start(), await queue.start(queue.new_worker("worker-2"))]

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    row = await queue.row(again)
    assert (row.status, row.due_at) == (ExecutionStatus.WAITING, queue.clock.now())
    row = await queue.row(once)
    assert (row.status, row.outcome) == (ExecutionStatus.DEAD, "unknown_outcome")


async def test_a_worker_that_stops_while_it_claims_holds_nothing() -> None:
    """What was claimed in the moment of the stop was not tried, and waits for others at once."""
    queue = Queue({SLOW: Gate()})
    caller = await queue.caller(definition=Definition(SLOW))
    execution = await queue.submit(caller)
    queue.store.claimed.clear()
    queue.store.answers_claims.clear()

    task = asyncio.create_task(queue.work())
    await queue.store.claimed.wait()
    task.cancel()
    await settle()
    queue.store.answers_claims.set()
    await asyncio.gather(task, return_exceptions=True)

    row = await queue.row(execution)
    assert (row.status, row.attempts) == (ExecutionStatus.WAITING, 0)
    assert row.due_at == queue.clock.now()
    assert (await queue.river.calls.list(caller.principal)).rows == ()


async def test_a_worker_that_stops_before_the_guest_begins_holds_nothing() -> None:
    """A stop between the claim and the attempt costs no attempt, whatever the function declares."""
    functions = SlowFunctions()
    queue = Queue({SLOW: Gate()}, functions=functions)
    caller = await queue.caller(SLOW, Definition(SLOW))
    execution = await queue.submit(caller, function=SLOW)
    queue.clock.advance(60)  # what is remembered of functions does not count any more.
    functions.is_stuck = True

    task = asyncio.create_task(queue.work())
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    row = await queue.row(execution)
    assert (row.status, row.attempts) == (ExecutionStatus.WAITING, 0)


async def test_a_worker_that_stops_takes_nothing_new() -> None:
    """What runs goes on to its end, what waits is left to others."""
    gate = Gate()
    queue = Queue({SLOW: gate})
    caller = await queue.caller(definition=Definition(SLOW))
    first, second = await queue.submit(caller), await queue.submit(caller)
    task = await queue.start()

    queue.worker.stop()
    gate.open.set()
    await task

    assert (await queue.row(first)).status is ExecutionStatus.SUCCEEDED
    assert (await queue.row(second)).status is ExecutionStatus.WAITING
