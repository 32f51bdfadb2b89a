"""What every call log promises."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.port import HealthState, Outcome, OutcomeKind
from runner.call import CallRecord, Selector, Trigger
from runner.call_filter import CallFilter
from runner.cursor import encode_cursor
from runner.errors import CursorRefused
from runner.memory import MemoryCallLog
from runner.ports import CallLog
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import CallId
from sanderling.kernel.jsontext import JSON, encode
from sanderling.store import SQLCallLog, open_database
from support.records import (
    HERE,
    ODD_CURSORS,
    ODD_WORDS,
    START,
    THERE,
    a_bad_outcome,
    a_bare_record,
    a_failure,
    a_full_record,
    a_record,
)

EVERYTHING = CallFilter()

KINDS = (
    *("memory", "sqlite-waiting", "sqlite-written", "sqlite-mixed"),
    *("postgres-written", "postgres-mixed"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A log under test, and whether what it takes is written at once."""

    log: CallLog
    how: str = ""

    async def keep(self, *records: CallRecord) -> None:
        """Record, and then write all, none or every other one, as `how` says."""
        for number, record in enumerate(records):
            self.log.record_nowait(record)
            is_due = self.how == "written" or (self.how == "mixed" and number % 2 == 0)
            if isinstance(self.log, SQLCallLog) and is_due:
                await self.log.flush()

    async def ids(self, matching: CallFilter = EVERYTHING) -> list[CallId]:
        """Return the ids of everything that is listed."""
        page = await self.log.list_calls(HERE, matching=matching, limit=100, cursor=None)
        return [record.id for record in page.rows]


@pytest.fixture(params=KINDS)
async def subject(request: pytest.FixtureRequest) -> AsyncGenerator[Subject]:
    """Yield an empty log of each kind in turn; the clock stands, so nothing is written unasked."""
    kind, _, how = request.param.partition("-")
    if kind == "memory":
        yield Subject(MemoryCallLog())
        return
    url = request.getfixturevalue(f"{kind}_url")
    async with open_database(url) as database, SQLCallLog(database, VirtualClock()) as log:
        yield Subject(log, how)


@pytest.mark.parametrize(
    "make", [a_record, a_bare_record, a_full_record, lambda: a_record(outcome=a_bad_outcome())]
)
async def test_a_record_comes_back_as_it_was_taken(
    subject: Subject, make: Callable[[], CallRecord]
) -> None:
    """Every field survives: NUL, lone surrogates, microseconds, zeros and what is absent."""
    record = make()
    await subject.keep(record)

    assert record == await subject.log.find_call(HERE, record.id)
    page = await subject.log.list_calls(HERE, matching=EVERYTHING, limit=1, cursor=None)
    assert (record,) == page.rows


@pytest.mark.slow
@given(value=st.recursive(st.none() | st.integers() | st.text(), st.lists), text=st.text())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_event_and_log_text_survives(subject: Subject, value: JSON, text: str) -> None:
    """What callers send and guests write comes back byte by byte."""
    body = encode(value)
    outcome = Outcome(OutcomeKind.OK, "local", result_json=body, logs=text, detail=text)
    record = replace(a_record(outcome=outcome), event_json=body)
    await subject.keep(record)

    assert record == await subject.log.find_call(HERE, record.id)


@pytest.mark.parametrize("call_id", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_call_is_not_found(subject: Subject, call_id: str) -> None:
    """No id, however odd, is an error."""
    await subject.keep(a_record())

    assert await subject.log.find_call(HERE, CallId(call_id)) is None


@pytest.mark.parametrize("word", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_an_unknown_word_matches_nothing(subject: Subject, word: str) -> None:
    """No filter, however odd, is an error."""
    await subject.keep(a_record())

    assert await subject.ids(CallFilter(function=word)) == []
    for matching in (
        *(CallFilter(outcomes=frozenset({word})), CallFilter(trigger=word)),
        *(CallFilter(caller=word), CallFilter(execution_id=word), CallFilter(replay_of=word)),
        *(CallFilter(error=word), CallFilter(error=f"*{word}'*")),
    ):
        assert await subject.ids(matching) == []


async def test_the_first_record_of_an_id_stays(subject: Subject) -> None:
    """A call is recorded once, however often it is told."""
    record = a_record()
    await subject.keep(record, record, record)

    assert [record.id] == await subject.ids()


async def test_calls_are_listed_newest_first(subject: Subject) -> None:
    """The order is that of their start; ids decide between equal moments."""
    late, early, twin = a_record(after_s=2), a_record(after_s=1), a_record(after_s=1)
    await subject.keep(early, late, twin)

    assert [late.id, twin.id, early.id] == await subject.ids()


async def test_a_page_goes_on_where_the_last_one_ended(subject: Subject) -> None:
    """Calls that come in between two pages shift none of the others."""
    records = [a_record(after_s=n // 2) for n in range(5)]
    await subject.keep(*records)
    expected = [record.id for record in reversed(records)]

    found: list[CallId] = []
    cursor: str | None = None
    while not found or cursor is not None:
        page = await subject.log.list_calls(HERE, matching=EVERYTHING, limit=2, cursor=cursor)
        assert len(page.rows) <= 2
        found += [record.id for record in page.rows]
        cursor = page.next_cursor
        await subject.keep(a_record(after_s=99))

    assert expected == found


async def test_a_full_last_page_has_no_next(subject: Subject) -> None:
    """A cursor promises that there is more."""
    await subject.keep(a_record(after_s=1), a_record(after_s=2))

    page = await subject.log.list_calls(HERE, matching=EVERYTHING, limit=2, cursor=None)

    assert len(page.rows) == 2
    assert page.next_cursor is None


async def test_calls_are_filtered(subject: Subject) -> None:
    """Each part of a filter narrows; `since` counts in and `until` does not."""
    failed = Outcome(OutcomeKind.USER_ERROR, "local")
    first = a_record(after_s=0)
    second = a_record(after_s=1, outcome=failed)
    third = a_record(after_s=2, function="other")
    await subject.keep(first, second, third)
    at = [START + timedelta(seconds=n) for n in range(3)]

    assert [second.id] == await subject.ids(CallFilter(outcomes=frozenset({"user_error"})))
    assert [third.id] == await subject.ids(CallFilter(function="other"))
    assert [third.id, second.id] == await subject.ids(CallFilter(since=at[1]))
    assert [first.id] == await subject.ids(CallFilter(until=at[1]))
    assert [second.id] == await subject.ids(
        CallFilter("greet", frozenset({"user_error"}), at[1], at[2])
    )
    assert await subject.ids(CallFilter("other", frozenset({"user_error"}))) == []


async def test_calls_are_filtered_by_what_they_belong_to(subject: Subject) -> None:
    """Version, trigger, caller, execution and replayed call each narrow."""
    plain, bare, full = a_record(), a_bare_record(), a_full_record()
    by_hand = replace(plain, id=CallId("call_hand"), trigger=Trigger.MANUAL, version=4)
    await subject.keep(plain, bare, full, by_hand)

    assert {bare.id} == set(await subject.ids(CallFilter(version=Selector.DRAFT)))
    assert {by_hand.id} == set(await subject.ids(CallFilter(version=4)))
    assert {by_hand.id} == set(await subject.ids(CallFilter(trigger="manual")))
    assert {bare.id} == set(await subject.ids(CallFilter(caller="operator")))
    assert {plain.id, full.id, by_hand.id} == set(await subject.ids(CallFilter(caller="key_1")))
    assert {full.id} == set(await subject.ids(CallFilter(execution_id="exec_1")))
    assert {full.id} == set(await subject.ids(CallFilter(replay_of="call_0")))
    assert await subject.ids(CallFilter(version=2**40)) == []


async def test_calls_are_filtered_by_how_long_they_took(subject: Subject) -> None:
    """Both bounds count in."""
    quick, slow = (
        a_record(outcome=Outcome(OutcomeKind.OK, "local", duration_s)) for duration_s in (0.1, 2.5)
    )
    await subject.keep(quick, slow)

    assert [slow.id] == await subject.ids(CallFilter(min_duration_s=2.5))
    assert [quick.id] == await subject.ids(CallFilter(max_duration_s=0.1))
    assert await subject.ids(CallFilter(min_duration_s=0.2, max_duration_s=2.4)) == []


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        *(("KeyError", True), ("keyerror", True), ("LookupError", True), ("KeyErr", False)),
        *(("Key*", True), ("*error", True), ("*Y_E*", False), ("eyErr", False), ("*eyErr*", True)),
        *(("Key* lookup*", True), ("key* value*", False), ("*", True), (" ", True)),
        *(("%", False), ("*%*", True), ("*_*", False), ("*!*", False), ("*\\*", False)),
        *(("*GRÖSSE%", True), ("*größe*", True), ("\0", False), ("\ud800", False)),
    ],
)
async def test_errors_are_searched_by_their_types(
    subject: Subject, search: str, *, is_found: bool
) -> None:
    """Words, their starts, ends and parts find, whatever the case, and are taken literally."""
    record = a_failure("KeyError", "LookupError", "Größe%")
    await subject.keep(record, a_record())

    assert [record.id][:is_found] == await subject.ids(CallFilter(error=search))


async def test_several_outcomes_are_one_list(subject: Subject) -> None:
    """Calls that ended in any of the outcomes come by time; no outcome is no call."""
    wanted = (OutcomeKind.TIMEOUT, OutcomeKind.CRASHED, OutcomeKind.TIMEOUT)
    records = [a_record(after_s=n, outcome=Outcome(kind, "local")) for n, kind in enumerate(wanted)]
    await subject.keep(*records, a_record(), a_failure("KeyError"))

    found = await subject.ids(CallFilter(outcomes=frozenset({"timeout", "crashed"})))

    assert [record.id for record in reversed(records)] == found
    assert await subject.ids(CallFilter(outcomes=frozenset())) == []


async def test_a_filter_may_use_any_time_zone(subject: Subject) -> None:
    """A moment is the same moment wherever it is told."""
    record = a_record()
    await subject.keep(record)
    there = START.astimezone(timezone(timedelta(hours=-9, minutes=-30)))

    assert [record.id] == await subject.ids(CallFilter(since=there))
    assert await subject.ids(CallFilter(until=there)) == []


@pytest.mark.parametrize("cursor", ODD_CURSORS.values(), ids=ODD_CURSORS)
async def test_a_cursor_from_elsewhere_is_refused(subject: Subject, cursor: str) -> None:
    """Only what this list gave is taken back."""
    with pytest.raises(CursorRefused):
        await subject.log.list_calls(HERE, matching=EVERYTHING, limit=1, cursor=cursor)


@pytest.mark.parametrize("moment", ["", "now", "2026-01-01T00:00:00", "\0"])
async def test_a_forged_moment_is_refused(subject: Subject, moment: str) -> None:
    """A cursor that no database could compare with never reaches one."""
    cursor = encode_cursor("calls", moment, "call_1")

    with pytest.raises(CursorRefused):
        await subject.log.list_calls(HERE, matching=EVERYTHING, limit=1, cursor=cursor)


async def test_a_workspace_sees_no_calls_of_another(subject: Subject) -> None:
    """Finding and listing stay inside the workspace, also with a cursor from outside it."""
    mine, other = a_record(HERE, after_s=1), a_record(HERE, after_s=2)
    await subject.keep(mine, other)
    page = await subject.log.list_calls(HERE, matching=EVERYTHING, limit=1, cursor=None)

    assert await subject.log.find_call(THERE, mine.id) is None
    for cursor in (None, page.next_cursor):
        seen = await subject.log.list_calls(THERE, matching=EVERYTHING, limit=9, cursor=cursor)
        assert seen.rows == ()


async def test_two_workspaces_may_use_one_id(subject: Subject) -> None:
    """An id names a call within its workspace."""
    mine = a_record(HERE)
    theirs = replace(mine, workspace_id=THERE, function_name="theirs")
    await subject.keep(mine, theirs)

    assert mine == await subject.log.find_call(HERE, mine.id)
    assert theirs == await subject.log.find_call(THERE, mine.id)


async def test_a_log_that_keeps_up_is_healthy(subject: Subject) -> None:
    """Health is ok and gives no reasons."""
    await subject.keep(a_record())

    health = await subject.log.health()

    assert health.state is HealthState.OK
    assert health.reasons == ()
