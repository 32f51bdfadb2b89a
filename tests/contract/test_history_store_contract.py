"""What every store of history promises about forgetting."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import insert

from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.memory import MemoryCallLog
from runner.ports import CallLog
from runner.retention import HistoryStore
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import CallId, ExecutionId, WorkspaceId
from sanderling.store import Database, SQLCallLog, SQLHistoryStore, open_database
from sanderling.store.schema import executions
from support.records import HERE, START, THERE, a_record

AWAITED = ExecutionId("exec_waits")


@dataclass(frozen=True, slots=True)
class Subject:
    """A store under test, and the log that fills it."""

    history: HistoryStore
    log: CallLog

    async def keep(self, *records: CallRecord) -> None:
        """Keep records, written where there is something to write."""
        for record in records:
            self.log.record_nowait(record)
        if isinstance(self.log, SQLCallLog):
            await self.log.flush()

    async def ids(self, workspace_id: WorkspaceId = HERE) -> list[CallId]:
        """Return what is left, newest first."""
        page = await self.log.list_calls(
            workspace_id, matching=CallFilter(), limit=100, cursor=None
        )
        return [record.id for record in page.rows]


async def _add_execution(database: Database) -> None:
    row = {
        "workspace_id": HERE,
        "id": AWAITED,
        "status": "waiting",
        **dict.fromkeys(("function_id", "function_name", "trigger", "request_id"), "x"),
        **dict.fromkeys(("created_at", "due_at"), START),
        **dict.fromkeys(("priority", "max_attempts", "attempts", "fence"), 1),
        "is_cancel_asked": False,
        "detail": "",
        "event": b"1",
    }
    async with database.write() as connection:
        await connection.execute(insert(executions), [row])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def subject(request: pytest.FixtureRequest) -> AsyncGenerator[Subject]:
    """Yield an empty store of each kind, which knows of one execution that has not ended."""
    if request.param == "memory":
        memory = MemoryCallLog(is_awaited=lambda _, execution_id: execution_id == AWAITED)
        yield Subject(memory, memory)
        return
    url = request.getfixturevalue(f"{request.param}_url")
    async with open_database(url) as database, SQLCallLog(database, VirtualClock()) as log:
        await _add_execution(database)
        yield Subject(SQLHistoryStore(database), log)


def _some(count: int) -> Sequence[CallRecord]:
    return [a_record(after_s=number) for number in range(count)]


async def test_the_oldest_go_first_and_a_few_at_a_time(subject: Subject) -> None:
    """What stands before the place goes, in portions, in one workspace alone."""
    ours, theirs = _some(4), a_record(THERE)
    await subject.keep(*reversed(ours), theirs)
    place = (ours[3].started_at, ours[3].id)

    gone = [await subject.history.forget_before(HERE, place, limit=2) for _ in range(3)]

    assert gone == [2, 1, 0]
    assert [ours[3].id] == await subject.ids()
    assert [theirs.id] == await subject.ids(THERE)


async def test_ids_decide_between_equal_moments(subject: Subject) -> None:
    """A place is a moment and an id, so that a count is kept exactly."""
    twins = [a_record() for _ in range(3)]
    await subject.keep(*twins)

    place = await subject.history.find_nth_newest(HERE, 2)

    assert place is not None
    assert (twins[1].started_at, twins[1].id) == place
    assert await subject.history.forget_before(HERE, place, limit=9) == 1
    assert [twins[2].id, twins[1].id] == await subject.ids()


async def test_there_may_be_fewer_than_asked_for(subject: Subject) -> None:
    """Then there is no such place, and nothing is too many."""
    await subject.keep(*_some(2))

    assert await subject.history.find_nth_newest(HERE, 3) is None
    assert await subject.history.find_nth_newest(THERE, 1) is None


async def test_attempts_of_what_has_not_ended_stay(subject: Subject) -> None:
    """Whoever waits for an execution can look at all its attempts; others go as ever."""
    attempt, ended, plain = (
        replace(a_record(), execution_id=execution)
        for execution in (AWAITED, ExecutionId("exec_ended"), None)
    )
    await subject.keep(attempt, ended, plain)
    later = a_record(after_s=9)

    gone = await subject.history.forget_before(HERE, (later.started_at, later.id), limit=9)

    assert gone == 2
    assert [attempt.id] == await subject.ids()


async def test_workspaces_with_history_are_listed(subject: Subject) -> None:
    """Nobody's history is left out."""
    await subject.keep(a_record(), a_record(THERE))

    assert {HERE, THERE} <= set(await subject.history.list_workspaces())
