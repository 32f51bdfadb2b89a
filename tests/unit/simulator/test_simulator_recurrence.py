"""Series take place when their rules say so."""

from datetime import UTC, date, datetime, timedelta

import pytest

from sanderling.simulator.core.agenda import Agenda
from sanderling.simulator.core.meeting import Meeting, Plan, When
from sanderling.simulator.core.recurrence import occurrences
from support.simulated import ADA, START, plan

LONG_AGO, FAR = datetime(1990, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)


def _series(*rules: str, start: datetime = START, zone: str = "UTC") -> Meeting:
    return Agenda().add(plan(*rules, start=start, zone=zone), at=START)


def _starts(master: Meeting, before: datetime = FAR) -> list[datetime]:
    found = occurrences(master, (), after=LONG_AGO, before=before)
    return [occurrence.start.utc() for occurrence in found]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("RRULE:FREQ=DAILY;COUNT=3", [0, 1, 2]),
        ("RRULE:FREQ=DAILY;INTERVAL=10;UNTIL=20261216T090000Z", [0, 10, 20]),
        ("RRULE:FREQ=WEEKLY;COUNT=3", [0, 7, 14]),
        ("RRULE:FREQ=WEEKLY;BYDAY=TH,FR;COUNT=4", [0, 1, 7, 8]),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=2", [11, 25]),
        ("RRULE:FREQ=MONTHLY;COUNT=2", [0, 30]),
        ("RRULE:FREQ=YEARLY;COUNT=2", [0, 365]),
    ],
)
def test_a_rule_gives_its_days(rule: str, days: list[int]) -> None:
    """Each frequency steps as the standard says, from a Thursday."""
    assert _starts(_series(rule)) == [START + timedelta(days=day) for day in days]


def test_a_month_without_the_day_is_passed_over() -> None:
    """The 31st comes in January and March, not in February."""
    start = datetime(2027, 1, 31, 9, tzinfo=UTC)

    assert _starts(_series("RRULE:FREQ=MONTHLY;COUNT=2", start=start)) == [
        start,
        start.replace(month=3),
    ]


def test_nine_stays_nine_when_the_clocks_change() -> None:
    """A weekly meeting in Paris moves by an hour in UTC when summer time begins."""
    start = datetime(2027, 3, 25, 8, tzinfo=UTC)
    master = _series("RRULE:FREQ=WEEKLY;COUNT=2", start=start, zone="Europe/Paris")

    assert [moment.hour for moment in _starts(master)] == [8, 7]


def test_excluded_days_do_not_take_place() -> None:
    """An EXDATE takes one out of the series, and the count goes on."""
    master = _series("RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20261127T090000Z")

    assert _starts(master) == [START, START + timedelta(days=2)]


def test_only_what_touches_the_window_is_returned() -> None:
    """An endless series gives the days of the window alone."""
    window = START + timedelta(days=2, minutes=30), START + timedelta(days=4)
    found = occurrences(_series("RRULE:FREQ=DAILY"), (), after=window[0], before=window[1])

    assert [occurrence.start.utc().day for occurrence in found] == [28, 29]


def test_an_exception_stands_in_the_place_of_its_day() -> None:
    """What was moved is shown where it was moved to, and tells where it was."""
    agenda = Agenda()
    master = agenda.add(plan("RRULE:FREQ=DAILY;COUNT=2"), at=START)
    moved = agenda.add(
        plan(start=START + timedelta(hours=3)),
        at=START,
        master=master.number,
        original_start=master.plan.start,
    )

    first, second = occurrences(master, (moved,), after=LONG_AGO, before=FAR)

    assert first.exception == moved
    assert first.start == moved.plan.start
    assert first.original_start == master.plan.start
    assert second.exception is None


def test_whole_days_repeat_as_whole_days() -> None:
    """A day stays a day, as long as the first one was."""
    day = date(2026, 12, 1)
    days = Plan(
        "Fair",
        When(day=day),
        When(day=day + timedelta(days=2)),
        ADA,
        recurrence=("RRULE:FREQ=YEARLY;COUNT=2",),
    )
    master = Agenda().add(days, at=START)

    last = occurrences(master, (), after=LONG_AGO, before=FAR)[-1]

    assert (last.start.day, last.end.day) == (date(2027, 12, 1), date(2027, 12, 3))


def test_a_time_is_a_moment_or_a_day() -> None:
    """Both at once, or neither, is refused."""
    with pytest.raises(ValueError, match="not both"):
        When()
    with pytest.raises(ValueError, match="not both"):
        When(at=START, day=START.date())
