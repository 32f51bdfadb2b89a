"""What every execution store promises of what it keeps."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

import pytest

from drivers.port import OutcomeKind
from runner.call import Trigger
from runner.cursor import encode_cursor
from runner.errors import CursorRefused
from runner.executions.execution import (
    Execution,
    ExecutionStatus,
    finished,
)
from runner.executions.ports import Added, ExecutionFilter, ExecutionStore, KeyTaken
from sanderling.kernel.ids import ExecutionId, KeyId
from support.executions import (
    LEASE,
    a_claim,
    a_whole_execution,
    an_execution,
    an_idempotency_key,
    execution_store,
    keep,
    run,
    submitted,
    succeeded,
)
from support.records import HERE, ODD_CURSORS, ODD_WORDS, START, THERE

EVERYTHING = ExecutionFilter()
LATER = START + LEASE


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncGenerator[ExecutionStore]:
    """Yield an empty store of each kind in turn."""
    async with execution_store(request) as opened:
        yield opened


@pytest.mark.parametrize("make", [an_execution, a_whole_execution])
async def test_an_execution_comes_back_as_it_was_kept(
    store: ExecutionStore, make: Callable[[], Execution]
) -> None:
    """Every field survives: bytes, microseconds, zeros and what is absent."""
    execution = make()

    added = await store.add([submitted(execution)])

    assert (Added(execution),) == added
    assert execution == await store.find(HERE, execution.id)
    assert await store.find(THERE, execution.id) is None


@pytest.mark.parametrize("word", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_id_is_not_found(store: ExecutionStore, word: str) -> None:
    """No id, however odd, is an error."""
    await keep(store, an_execution())

    assert await store.find(HERE, ExecutionId(word)) is None
    assert await store.ask_cancel(HERE, ExecutionId(word), now=START) is None
    assert (
        await store.list(HERE, matching=ExecutionFilter(lane=word or "x"), limit=9, cursor=None)
    ).rows == ()


async def test_an_empty_batch_keeps_nothing(store: ExecutionStore) -> None:
    """Whoever submits nothing gets nothing, and no error."""
    assert await store.add([]) == ()


async def test_a_key_gives_the_same_execution_again(store: ExecutionStore) -> None:
    """The second submission under a key keeps nothing and tells of the first as it is by now."""
    key = an_idempotency_key()
    first, second = an_execution(), an_execution()
    await store.add([submitted(first, key)])
    running = await store.claim(HERE, a_claim())
    assert running is not None

    again = await store.add([submitted(second, key)])

    assert (Added(running, is_replayed=True),) == again
    assert await store.find(HERE, second.id) is None


async def test_a_key_stands_for_one_body(store: ExecutionStore) -> None:
    """The same key with another body is refused and keeps nothing."""
    other = an_execution()
    await store.add([submitted(key=an_idempotency_key())])

    answer = await store.add([submitted(other, an_idempotency_key(digest="e" * 64))])

    assert (KeyTaken(),) == answer
    assert await store.find(HERE, other.id) is None


async def test_keys_of_callers_and_workspaces_do_not_meet(store: ExecutionStore) -> None:
    """Nobody sees what another caller did under the same word."""
    mine, other, far = an_execution(), an_execution(), an_execution(THERE)
    await store.add([submitted(mine, an_idempotency_key())])

    answers = [
        *await store.add([submitted(other, an_idempotency_key(caller="key_2"))]),
        *await store.add([submitted(far, an_idempotency_key())]),
    ]

    assert [Added(other), Added(far)] == answers


async def test_a_key_is_free_after_its_time(store: ExecutionStore) -> None:
    """A key that expired can be used for something else."""
    await store.add([submitted(key=an_idempotency_key(lasts_s=1.0))])
    later = an_execution()
    key = an_idempotency_key(digest="e" * 64, at=START + timedelta(seconds=1))

    assert (Added(later),) == await store.add([submitted(later, key)])


async def test_a_batch_tells_of_each_in_order(store: ExecutionStore) -> None:
    """New, repeated and refused ones stand side by side, also with one key twice in the batch."""
    known, fresh, without = an_execution(), an_execution(), an_execution()
    await store.add([submitted(known, an_idempotency_key("a"))])

    answers = await store.add(
        [
            submitted(an_execution(), an_idempotency_key("a")),
            submitted(fresh, an_idempotency_key("b")),
            submitted(without),
            submitted(an_execution(), an_idempotency_key("b")),
            submitted(an_execution(), an_idempotency_key("b", digest="e" * 64)),
        ]
    )

    expected = (
        Added(known, is_replayed=True),
        Added(fresh),
        Added(without),
        Added(fresh, is_replayed=True),
        KeyTaken(),
    )
    assert expected == answers


async def test_one_of_many_at_once_is_kept_under_a_key(store: ExecutionStore) -> None:
    """Of several that submit under one key at once, all get the same execution."""
    key = an_idempotency_key()

    answers = await asyncio.gather(*(store.add([submitted(key=key)]) for _ in range(6)))

    told = [answer for (answer,) in answers if isinstance(answer, Added)]
    assert len({answer.execution.id for answer in told}) == 1
    assert [answer.is_replayed for answer in told].count(False) == 1
    assert len(told) == 6


async def test_executions_are_counted(store: ExecutionStore) -> None:
    """What waits, runs and is dead is counted over all workspaces; other ends are not."""
    dead, done = await run(store), await run(store)
    await store.settle(dead, finished(dead, ExecutionStatus.DEAD, LATER, outcome="user_error"))
    await store.settle(done, succeeded(done))
    await run(store)
    await keep(store, an_execution(THERE), an_execution(due_in_s=99))

    expected = {
        ExecutionStatus.WAITING: 2,
        ExecutionStatus.RUNNING: 1,
        ExecutionStatus.DEAD: 1,
    }
    assert expected == await store.counts()


async def test_lists_are_newest_first_and_leave_bodies_out(store: ExecutionStore) -> None:
    """Pages go on where the last one ended, and are light."""
    running = await run(store)
    await store.settle(running, succeeded(running))
    others = [
        an_execution(created_at=START + timedelta(seconds=number // 2)) for number in range(1, 5)
    ]
    await keep(store, *others, an_execution(THERE))

    first = await store.list(HERE, matching=EVERYTHING, limit=3, cursor=None)
    second = await store.list(HERE, matching=EVERYTHING, limit=3, cursor=first.next_cursor)

    rows = [*first.rows, *second.rows]
    expected = sorted([running, *others], key=lambda one: (one.created_at, one.id), reverse=True)
    assert [each.id for each in expected] == [each.id for each in rows]
    assert {(each.event_json, each.answer_json) for each in rows} == {(b"null", None)}
    assert second.next_cursor is None


async def test_lists_are_filtered(store: ExecutionStore) -> None:
    """Every filter keeps what it names and nothing else."""
    plain = an_execution()
    named = an_execution(function_name="other", created_at=LATER)
    mine = an_execution(key_id=KeyId("key_2"), lane="a")
    manual = an_execution(trigger=Trigger.MANUAL, key_id=None)
    await keep(store, plain, named, mine, manual)
    await store.ask_cancel(HERE, manual.id, now=START)
    expected = {
        ExecutionFilter(function="other"): {named.id},
        ExecutionFilter(status=ExecutionStatus.CANCELLED): {manual.id},
        ExecutionFilter(key_id=KeyId("key_2")): {mine.id},
        ExecutionFilter(lane="a"): {mine.id},
        ExecutionFilter(since=LATER): {named.id},
        ExecutionFilter(until=LATER): {plain.id, mine.id, manual.id},
        ExecutionFilter(function="greet", status=ExecutionStatus.WAITING): {plain.id, mine.id},
    }

    found = {
        matching: {
            each.id
            for each in (await store.list(HERE, matching=matching, limit=9, cursor=None)).rows
        }
        for matching in expected
    }

    assert expected == found


@pytest.mark.parametrize(
    "cursor",
    [*ODD_CURSORS.values(), encode_cursor("executions", "2026-01-01", "exec_1")],
    ids=[*ODD_CURSORS, "no time zone"],
)
async def test_a_cursor_from_elsewhere_is_refused(store: ExecutionStore, cursor: str) -> None:
    """Only what a list gave out continues it."""
    with pytest.raises(CursorRefused):
        await store.list(HERE, matching=EVERYTHING, limit=1, cursor=cursor)


async def test_old_ends_are_forgotten_with_their_keys(store: ExecutionStore) -> None:
    """What waits or runs stays whatever its age; a forgotten execution frees its key."""
    key = an_idempotency_key(lasts_s=1e6)
    old, running = an_execution(), an_execution()
    await store.add([submitted(old, key)])
    claim = await store.claim(HERE, a_claim())
    assert claim is not None
    await store.settle(
        claim, finished(claim, ExecutionStatus.DEAD, START, outcome=OutcomeKind.CRASHED.value)
    )
    await keep(store, running, an_execution())
    await store.claim(HERE, a_claim())

    kept = await store.forget(finished_before=START, now=START, limit=9)
    gone = await store.forget(finished_before=LATER, now=LATER, limit=9)

    assert (kept, gone) == (0, 1)
    assert await store.find(HERE, old.id) is None
    assert await store.find(HERE, running.id) is not None
    again = an_execution()
    assert (Added(again),) == await store.add([submitted(again, key)])
