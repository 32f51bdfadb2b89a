"""A call under an idempotency key is made once, and answered alike ever after."""

import asyncio
from collections.abc import Mapping

import pytest

from drivers.memory import Scripted
from drivers.port import OutcomeKind
from runner.answer import answer_json
from runner.call import CallRecord, CallRequest
from runner.errors import FunctionUnknown, RateLimited
from runner.executions.errors import (
    ExecutionRefused,
    IdempotencyConflict,
    IdempotencyInFlight,
)
from runner.executions.once import IN_FLIGHT, Replayed
from runner.function import Definition, RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import JSON, decode
from support.queue import Queue, settle
from support.river import GENEROUS, Caller


class Counting:
    """A handler that counts its calls, waits where it is told to, and may have no room at first."""

    def __init__(self, *, full: int = 0) -> None:
        self.calls = 0
        self.full = full
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, _event: JSON, _context: Mapping[str, JSON]) -> JSON:
        """Answer with the number of the call."""
        await self.open.wait()
        self.calls += 1
        if self.calls <= self.full:
            raise Scripted(OutcomeKind.SATURATED)
        return self.calls


def _request(caller: Caller, event: bytes = b"1", function: str = "echo") -> CallRequest:
    return CallRequest(caller.credential, function, event, RequestId("req_test"))


async def _queue(counting: Counting, *, is_idempotent: bool = False) -> tuple[Queue, Caller]:
    queue = Queue({"count": counting})
    definition = Definition("count", is_idempotent=is_idempotent)
    return queue, await queue.caller(definition=definition)


async def test_asked_again_the_answer_is_the_same() -> None:
    """The code ran once, and the second answer is the first one, byte for byte."""
    counting = Counting()
    queue, caller = await _queue(counting)
    first = await queue.once.call(_request(caller), "k")

    second = await queue.once.call(_request(caller), "k")

    assert isinstance(first, CallRecord)
    assert Replayed(answer_json(first)) == second
    assert counting.calls == 1


async def test_failures_of_user_code_are_answered_again_too() -> None:
    """Code that ran and failed is not run again."""
    queue = Queue()
    caller = await queue.caller(definition=Definition("# outcome: user_error"))
    await queue.once.call(_request(caller), "k")

    again = await queue.once.call(_request(caller), "k")

    assert isinstance(again, Replayed)
    answer = decode(again.answer)
    assert isinstance(answer, dict)
    assert answer["outcome"] == "user_error"


async def test_another_body_or_function_is_a_conflict() -> None:
    """A key stands for everything that makes the call what it is."""
    queue, caller = await _queue(Counting())
    await queue.once.call(_request(caller), "k")

    with pytest.raises(IdempotencyConflict):
        await queue.once.call(_request(caller, b"2"), "k")
    with pytest.raises(IdempotencyConflict):
        await queue.once.call(_request(caller, function="other"), "k")
    with pytest.raises(IdempotencyConflict):
        await queue.submit(caller, b"1", idempotency_key="k")


async def test_keys_of_callers_do_not_meet() -> None:
    """Two callers who use the same word make two calls."""
    counting = Counting()
    queue, caller = await _queue(counting)
    other = await queue.river.caller()

    await queue.once.call(_request(caller), "k")
    await queue.once.call(_request(other), "k")

    assert counting.calls == 2


async def test_a_call_under_way_is_told_of() -> None:
    """Who asks while it runs is asked to come back, and then gets its answer."""
    counting = Counting()
    counting.open.clear()
    queue, caller = await _queue(counting)
    first = asyncio.create_task(queue.once.call(_request(caller), "k"))
    await settle()

    with pytest.raises(IdempotencyInFlight):
        await queue.once.call(_request(caller), "k")
    counting.open.set()
    await first

    assert isinstance(await queue.once.call(_request(caller), "k"), Replayed)
    assert counting.calls == 1


async def test_what_did_not_run_may_be_asked_for_again() -> None:
    """A refusal, and an outcome without a run, leave the key free."""
    counting = Counting(full=1)
    queue, caller = await _queue(counting)

    with pytest.raises(FunctionUnknown):
        await queue.once.call(_request(caller, function="missing"), "k")
    full = await queue.once.call(_request(caller), "k")
    done = await queue.once.call(_request(caller), "k")

    assert isinstance(full, CallRecord)
    assert full.outcome.kind is OutcomeKind.SATURATED
    assert isinstance(done, CallRecord)
    assert done.outcome.result == 2


async def _cut_off(queue: Queue, caller: Caller, counting: Counting) -> None:
    """Begin a call whose process ends in the middle."""
    counting.open.clear()
    task = asyncio.create_task(queue.once.call(_request(caller), "k"))
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    counting.open.set()
    queue.clock.advance(IN_FLIGHT.total_seconds())


async def test_a_call_that_was_cut_off_is_not_made_twice() -> None:
    """Its code may have run: that is the answer, from now on."""
    counting = Counting()
    queue, caller = await _queue(counting)
    await _cut_off(queue, caller, counting)

    answers = [await queue.once.call(_request(caller), "k") for _ in range(2)]

    assert answers[0] == answers[1]
    assert isinstance(answers[0], Replayed)
    assert b'"unknown_outcome"' in answers[0].answer
    assert counting.calls == 0


async def test_an_idempotent_call_that_was_cut_off_is_made_again() -> None:
    """Its function declares that this does no harm."""
    counting = Counting()
    queue, caller = await _queue(counting, is_idempotent=True)
    await _cut_off(queue, caller, counting)

    answer = await queue.once.call(_request(caller), "k")

    assert isinstance(answer, CallRecord)
    assert counting.calls == 1


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same() -> None:
    """The call was made, so its caller hears how it ended."""
    queue, caller = await _queue(Counting())
    queue.keys.is_away = True

    assert isinstance(await queue.once.call(_request(caller), "k"), CallRecord)


async def test_a_word_that_is_no_key_is_refused() -> None:
    """Nothing is looked up for it."""
    queue, caller = await _queue(Counting())

    with pytest.raises(ExecutionRefused, match="printable"):
        await queue.once.call(_request(caller), "\n")


async def test_asking_under_a_key_is_counted_whatever_comes_of_it() -> None:
    """A conflict, a call under way and an answer kept are no way around the API's limits."""
    counting = Counting()
    counting.open.clear()
    few = RateLimit(limit=3, ttl_ms=60_000)
    queue = Queue({"count": counting}, policy=LimitPolicy(few, GENEROUS, GENEROUS))
    caller = await queue.caller(definition=Definition("count"))
    first = asyncio.create_task(queue.once.call(_request(caller), "k"))
    await settle()

    with pytest.raises(IdempotencyConflict):
        await queue.once.call(_request(caller, b"2"), "k")
    with pytest.raises(IdempotencyInFlight):
        await queue.once.call(_request(caller), "k")
    for event in (b"1", b"2"):
        with pytest.raises(RateLimited):
            await queue.once.call(_request(caller, event), "k")

    counting.open.set()
    assert isinstance(await first, CallRecord)
