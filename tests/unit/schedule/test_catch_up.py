"""Making up for runs that were missed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.schedule.catch_up import CatchUp, CatchUpRule, due_runs
from sanderling.schedule.cron import parse_cron
from sanderling.schedule.errors import CatchUpRefused

_START = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTELY = parse_cron("* * * * *")
_SECONDLY = parse_cron("* * * * * *")


def _after(seconds: float) -> datetime:
    return _START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (CatchUp.SKIP, [600]),
        (CatchUp.ONE, [600]),
        (CatchUp.ALL, [420, 480, 540, 600]),
    ],
)
def test_runs_missed_while_another_is_on_time(choice: CatchUp, expected: list[int]) -> None:
    """A run that is on time stands for the missed ones, unless all are wanted."""
    rule = CatchUpRule(choice, most=4)

    due = due_runs(_MINUTELY, rule, seen_until=_START, now=_after(601))

    assert tuple(map(_after, expected)) == due.runs
    assert due.missed == 10 - len(expected)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [(CatchUp.SKIP, []), (CatchUp.ONE, [540]), (CatchUp.ALL, [360, 420, 480, 540])],
)
def test_runs_missed_with_none_on_time(choice: CatchUp, expected: list[int]) -> None:
    """After a standstill between two runs the rule alone decides."""
    rule = CatchUpRule(choice, most=4, grace=timedelta(seconds=10))

    due = due_runs(_MINUTELY, rule, seen_until=_START, now=_after(590))

    assert tuple(map(_after, expected)) == due.runs
    assert due.missed == 9 - len(expected)


def test_the_latest_of_very_many_missed_runs_are_made_up_for() -> None:
    """A week of seconds does not keep the latest ones from being found."""
    rule = CatchUpRule(CatchUp.ALL, most=3, grace=timedelta())

    due = due_runs(_SECONDLY, rule, seen_until=_START, now=_after(7 * 86_400))

    assert tuple(_after(7 * 86_400 - back) for back in (2, 1, 0)) == due.runs
    assert due.missed == 998


def test_a_clock_that_went_back_gives_nothing_twice() -> None:
    """What was seen stays seen until the clock is past it again."""
    first = due_runs(_MINUTELY, CatchUpRule(), seen_until=_START, now=_after(61))

    back = due_runs(_MINUTELY, CatchUpRule(), seen_until=first.seen_until, now=_after(30))
    again = due_runs(_MINUTELY, CatchUpRule(), seen_until=back.seen_until, now=_after(61))

    assert (_after(60),) == first.runs
    assert back.runs == again.runs == ()


@given(
    st.lists(st.floats(0, 400), min_size=1, max_size=20),
    st.sampled_from(CatchUp),
    st.integers(1, 20),
)
def test_no_run_is_given_twice_and_none_is_left_uncounted(
    pauses: list[float], choice: CatchUp, most: int
) -> None:
    """However often somebody looks, each run is started once or counted as missed once."""
    rule = CatchUpRule(choice, most=most, grace=timedelta(seconds=45))
    now = seen_until = _START
    runs, missed = list[datetime](), 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        due = due_runs(_MINUTELY, rule, seen_until=seen_until, now=now)
        runs.extend(due.runs)
        missed += due.missed
        seen_until = due.seen_until

    assert runs == sorted(set(runs))
    assert len(_MINUTELY.runs_within(_START, now, most=10_000)) == len(runs) + missed


@pytest.mark.parametrize("most", [0, -1, 1001])
def test_a_number_that_cannot_be_promised_is_refused(most: int) -> None:
    """Between one and a thousand missed runs can be made up for."""
    with pytest.raises(CatchUpRefused, match="1 to 1000"):
        CatchUpRule(CatchUp.ALL, most=most)
