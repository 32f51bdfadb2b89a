"""Searching the history: every store finds the same, and an index leads where one should."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from drivers.port import GuestCause, GuestError, Outcome, OutcomeKind
from runner.call import CallRecord, Selector, Trigger
from runner.call_filter import CallFilter
from runner.memory import MemoryCallLog
from runner.ports import CallLog
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import CallId, ExecutionId, KeyId
from sanderling.store import Database, SQLCallLog
from sanderling.store.call_query import listing
from sanderling.store.call_rows import call_row
from sanderling.store.schema import calls
from support.records import HERE, START, a_record

NAMES = st.sampled_from(["greet", "other"])
KINDS = st.sampled_from(["ok", "user_error", "timeout", "great"])
MOMENTS = st.sampled_from([START + timedelta(seconds=n) for n in range(5)])
LENGTHS = st.sampled_from([0.0, 0.1, 0.1 + 0.2, 0.3, 5.0])
TYPES = st.text(st.sampled_from("aB%_!*\\ß.\0\ud800 "), max_size=4)
SEARCHES = st.text(st.sampled_from("ab%_!*\\s. "), min_size=1, max_size=5)


def _error(kind: str, causes: list[str]) -> GuestError:
    return GuestError(kind, "", causes=tuple(GuestCause(each, "") for each in causes))


def _outcome(kind: OutcomeKind, error: GuestError | None, took_s: float) -> Outcome:
    return Outcome(kind, "local", took_s, error=error)


def _record(
    after_s: int, function: str, outcome: Outcome, version: int | None, *, is_queued: bool
) -> CallRecord:
    return replace(
        a_record(after_s=after_s, function=function, outcome=outcome),
        version=version,
        key_id=KeyId("key_1") if version else None,
        execution_id=ExecutionId("exec_1") if is_queued else None,
        trigger=Trigger.MANUAL if is_queued else Trigger.API,
    )


OUTCOMES = st.builds(
    _outcome,
    st.sampled_from([OutcomeKind.OK, OutcomeKind.USER_ERROR, OutcomeKind.TIMEOUT]),
    st.none() | st.builds(_error, TYPES, st.lists(TYPES, max_size=2)),
    LENGTHS,
)
RECORDS = st.builds(
    _record,
    st.integers(0, 4),
    NAMES,
    OUTCOMES,
    st.none() | st.integers(1, 2),
    is_queued=st.booleans(),
)
FILTERS = st.builds(
    CallFilter,
    function=st.none() | NAMES,
    outcomes=st.none() | st.frozensets(KINDS, max_size=3),
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
    version=st.none() | st.integers(0, 2) | st.just(Selector.DRAFT),
    trigger=st.none() | st.sampled_from(["api", "manual"]),
    caller=st.none() | st.sampled_from(["key_1", "operator"]),
    execution_id=st.none() | st.just("exec_1"),
    min_duration_s=st.none() | LENGTHS,
    max_duration_s=st.none() | LENGTHS,
    error=st.none() | SEARCHES,
)


@pytest.fixture
async def kept(database: Database) -> AsyncGenerator[SQLCallLog]:
    """Yield a log on each database whose clock stands, so that nothing is written unasked."""
    async with SQLCallLog(database, VirtualClock()) as log:
        yield log


async def _all(log: CallLog, matching: CallFilter, *, limit: int) -> list[CallId]:
    found: list[CallId] = []
    cursor: str | None = None
    for _ in count():
        page = await log.list_calls(HERE, matching=matching, limit=limit, cursor=cursor)
        found += [record.id for record in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


@pytest.mark.slow
@given(records=st.lists(RECORDS, max_size=12), matching=FILTERS, limit=st.integers(1, 5))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_every_store_finds_the_same(
    kept: SQLCallLog,
    database: Database,
    records: Sequence[CallRecord],
    matching: CallFilter,
    limit: int,
) -> None:
    """Whatever is asked, of whatever was kept: the twin in memory and SQL agree, page by page."""
    memory = MemoryCallLog()
    async with database.write() as connection:
        await connection.execute(calls.delete())
    for number, record in enumerate(records):
        memory.record_nowait(record)
        kept.record_nowait(record)
        if number % 3:
            await kept.flush()

    expected = await _all(memory, matching, limit=limit)

    assert expected == await _all(kept, matching, limit=limit)
    assert {record.id for record in records if matching.admits(record)} == set(expected)
    await kept.flush()
    assert expected == await _all(kept, matching, limit=limit)


PLANS = {
    "everything": (CallFilter(), "ix_calls_workspace_id_started_at_id"),
    "since": (CallFilter(since=START), "ix_calls_workspace_id_started_at_id"),
    "function": (
        CallFilter(function="greet"),
        "ix_calls_workspace_id_function_name_started_at_id",
    ),
    "outcome": (CallFilter(outcomes=frozenset({"timeout"})), "ix_calls_failures"),
    "failed": (CallFilter(outcomes=frozenset({"timeout", "user_error"})), "ix_calls_failed_at"),
    "error": (CallFilter(error="key*"), "ix_calls_failed_at"),
    "execution": (CallFilter(execution_id="exec_1"), "ix_calls_execution_id"),
}


async def _fill(connection: AsyncConnection, *, is_sqlite: bool) -> None:
    names = [column.name for column in calls.columns]
    rows: list[dict[str, object]] = []
    for number in range(3000):
        kind = OutcomeKind.OK if number % 4 else OutcomeKind.USER_ERROR
        outcome = Outcome(OutcomeKind.TIMEOUT if number % 500 == 0 else kind, "local")
        record = a_record(
            after_s=number, function="greet" if number % 50 == 0 else f"f{number % 7}"
        )
        if number % 500 == 0:
            record = replace(record, execution_id=ExecutionId(f"exec_{number}"))
        row = dict(
            zip(names, call_row(replace(record, outcome=outcome), is_sqlite=False), strict=True)
        )
        rows.append(row)
    await connection.execute(insert(calls), rows)
    # Both planners look at how values are spread before they choose.
    await connection.execute(text("ANALYZE" if is_sqlite else "ANALYZE calls"))


@pytest.mark.slow
@pytest.mark.parametrize(("matching", "index"), PLANS.values(), ids=PLANS)
async def test_an_index_leads_the_main_questions(
    database: Database, matching: CallFilter, index: str
) -> None:
    """A page is read in the order of an index, without sorting and without reading the table."""
    query = listing(HERE, matching, (START + timedelta(days=1), "call_1")).limit(51)
    is_sqlite = database.address.is_sqlite
    async with database.write() as connection:
        await _fill(connection, is_sqlite=is_sqlite)
        sync = await connection.run_sync(
            lambda sync: str(query.compile(sync, compile_kwargs={"literal_binds": True}))
        )
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        rows = (await connection.exec_driver_sql((explain + sync).replace("%", "%%"))).all()
    plan = "\n".join(str(cell) for row in rows for cell in row)

    assert index in plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
