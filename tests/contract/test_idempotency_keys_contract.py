"""What everything that keeps idempotency keys of calls promises."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from runner.executions.memory import MemoryExecutionStore, MemoryIdempotencyKeys
from runner.executions.ports import (
    ABANDONED_FOR,
    Abandoned,
    Added,
    Answered,
    Begun,
    ExecutionStore,
    IdempotencyKeys,
    InFlight,
    KeyTaken,
)
from sanderling.kernel.ids import CallId
from sanderling.store import SQLExecutionStore, SQLIdempotencyKeys, open_database
from support.databases import add_workspaces
from support.executions import an_execution, an_idempotency_key, submitted
from support.records import HERE, START, THERE

CALL, OTHER = CallId("call_1"), CallId("call_2")


@dataclass(frozen=True, slots=True)
class Desk:
    """Keys under test, and the executions that share them."""

    keys: IdempotencyKeys
    executions: ExecutionStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def desk(request: pytest.FixtureRequest) -> AsyncGenerator[Desk]:
    """Yield empty ones of each kind in turn."""
    if request.param == "memory":
        keys = MemoryIdempotencyKeys()
        yield Desk(keys, MemoryExecutionStore(keys))
        return
    async with open_database(request.getfixturevalue(f"{request.param}_url")) as database:
        await add_workspaces(database)
        yield Desk(SQLIdempotencyKeys(database), SQLExecutionStore(database))


async def test_a_key_is_answered_as_its_call_was(desk: Desk) -> None:
    """Whoever asks again gets the answer, byte for byte, and makes no call."""
    key = an_idempotency_key()
    assert await desk.keys.begin(HERE, key, CALL) == Begun()

    assert await desk.keys.complete(HERE, key, CALL, b"\x00answer")

    assert await desk.keys.begin(HERE, key, OTHER) == Answered(b"\x00answer")


async def test_a_call_under_way_is_told(desk: Desk) -> None:
    """Until the answer is there the key says whose call is being made, and until when."""
    key = an_idempotency_key()
    await desk.keys.begin(HERE, key, CALL)

    assert await desk.keys.begin(HERE, key, OTHER) == InFlight(CALL, key.expires_at)


async def test_one_of_many_at_once_begins(desk: Desk) -> None:
    """Of several that ask under one key at once, exactly one makes the call."""
    key = an_idempotency_key()
    calls = [CallId(f"call_{number}") for number in range(6)]

    answers = await asyncio.gather(*(desk.keys.begin(HERE, key, call) for call in calls))

    assert answers.count(Begun()) == 1
    assert sum(isinstance(answer, InFlight) for answer in answers) == 5


async def test_another_body_is_refused(desk: Desk) -> None:
    """A key stands for one body, before and after it was answered."""
    key, other = an_idempotency_key(), an_idempotency_key(digest="e" * 64)
    await desk.keys.begin(HERE, key, CALL)

    assert await desk.keys.begin(HERE, other, OTHER) == KeyTaken()
    await desk.keys.complete(HERE, key, CALL, b"1")
    assert await desk.keys.begin(HERE, other, OTHER) == KeyTaken()


async def test_callers_and_workspaces_do_not_meet(desk: Desk) -> None:
    """Nobody is told what another caller was answered."""
    await desk.keys.begin(HERE, an_idempotency_key(), CALL)

    assert await desk.keys.begin(HERE, an_idempotency_key(caller="key_2"), OTHER) == Begun()
    assert await desk.keys.begin(THERE, an_idempotency_key(), OTHER) == Begun()


async def test_a_released_key_is_free(desk: Desk) -> None:
    """A call that was not made leaves nothing behind; only its own key is released."""
    key = an_idempotency_key()
    await desk.keys.begin(HERE, key, CALL)

    await desk.keys.release(HERE, key, OTHER)
    assert await desk.keys.begin(HERE, key, OTHER) == InFlight(CALL, key.expires_at)
    await desk.keys.release(HERE, key, CALL)
    assert await desk.keys.begin(HERE, key, OTHER) == Begun()
    assert not await desk.keys.complete(HERE, key, CALL, b"late")


async def test_a_call_that_nobody_ended_is_told_of(desk: Desk) -> None:
    """After its time a call without an answer may have run: whoever asks is told which it was."""
    key = an_idempotency_key(lasts_s=10)
    later = an_idempotency_key(at=START + timedelta(seconds=10))
    await desk.keys.begin(HERE, key, CALL)

    assert await desk.keys.begin(HERE, later, OTHER) == Abandoned(CALL)
    assert await desk.keys.complete(HERE, later, CALL, b"unknown")
    assert await desk.keys.begin(HERE, later, OTHER) == Answered(b"unknown")


async def test_an_answer_is_kept_until_its_day(desk: Desk) -> None:
    """After that the key is free for anything."""
    key = an_idempotency_key()
    await desk.keys.begin(HERE, key, CALL)
    longer = replace(key, expires_at=START + timedelta(hours=1))
    await desk.keys.complete(HERE, longer, CALL, b"1")
    before = an_idempotency_key(at=longer.expires_at - timedelta(microseconds=1))
    after = an_idempotency_key(at=longer.expires_at, digest="e" * 64)

    assert await desk.keys.begin(HERE, before, OTHER) == Answered(b"1")
    assert await desk.keys.begin(HERE, after, OTHER) == Begun()


async def test_calls_and_executions_share_their_keys(desk: Desk) -> None:
    """One key of one caller stands for one thing, queued or not."""
    await desk.keys.begin(HERE, an_idempotency_key("call"), CALL)
    await desk.executions.add([submitted(key=an_idempotency_key("queued", digest="q"))])

    assert await desk.keys.begin(HERE, an_idempotency_key("queued"), OTHER) == KeyTaken()
    refused = submitted(an_execution(), an_idempotency_key("call", digest="q"))
    assert await desk.executions.add([refused]) == (KeyTaken(),)


async def test_old_keys_are_forgotten(desk: Desk) -> None:
    """A key past its day goes; one whose call nobody ended is remembered for a day more."""
    answered, open_key = an_idempotency_key("a"), an_idempotency_key("b")
    for key in (answered, open_key):
        await desk.keys.begin(HERE, key, CALL)
    await desk.keys.complete(HERE, answered, CALL, b"1")
    late = an_idempotency_key("b", at=START + ABANDONED_FOR)

    counts = [
        await desk.executions.forget(finished_before=START, now=late.created_at, limit=9)
        for _ in range(2)
    ]

    assert counts == [1, 0]
    assert await desk.keys.begin(HERE, late, OTHER) == Abandoned(CALL)
    await desk.executions.forget(
        finished_before=START, now=open_key.expires_at + ABANDONED_FOR, limit=9
    )
    execution = an_execution()
    added = await desk.executions.add([submitted(execution, late)])
    assert added == (Added(execution),)
