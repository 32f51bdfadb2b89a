"""Cron expressions on the clocks of time zones."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanderling.schedule.cron import parse_cron
from sanderling.schedule.errors import CronRefused, MomentRefused, TimeZoneRefused
from support.clock_edges import MINUTE, Edge, brute_runs, edges

_STEPS = st.integers(1, 60).map(lambda step: f"*/{step}")


def _numbers(lowest: int, highest: int) -> st.SearchStrategy[str]:
    return st.lists(st.integers(lowest, highest), min_size=1, max_size=4).map(
        lambda numbers: ",".join(map(str, numbers))
    )


def _field(lowest: int, highest: int) -> st.SearchStrategy[str]:
    return st.one_of(st.just("*"), _STEPS, _numbers(lowest, highest))


_EXPRESSIONS = st.tuples(
    _field(0, 59),
    _field(0, 23),
    st.one_of(st.just("*"), _numbers(1, 31)),
    st.just("*"),
    st.one_of(st.just("*"), _numbers(0, 6)),
).map(" ".join)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _runs_around(edge: Edge, expression: str, span: timedelta) -> list[datetime]:
    cron = parse_cron(expression, edge.zone)
    return cron.runs_within(edge.at - span, edge.at + span, most=100_000)


@given(st.data())
def test_next_runs_around_any_jump_are_those_of_the_clock(data: st.DataObject) -> None:
    """Around each jump of each zone, an expression runs when a minute-by-minute look says so."""
    edge = data.draw(st.sampled_from(edges()))
    expression = data.draw(_EXPRESSIONS)
    span = timedelta(hours=data.draw(st.sampled_from([1, 4, 26])))

    runs = _runs_around(edge, expression, span)

    assert brute_runs(expression, edge.zone, edge.at - span, edge.at + span) == runs


@pytest.mark.slow
@pytest.mark.parametrize("expression", ["*/20 1-3 * * *", "0,30 0,1,2,3,23 * * *"])
def test_next_runs_around_every_jump_are_those_of_the_clock(expression: str) -> None:
    """No jump of any zone from 2020 to 2030 breaks the rule."""
    span = timedelta(minutes=70)

    broken = [
        edge
        for edge in edges()
        if _runs_around(edge, expression, span)
        != brute_runs(expression, edge.zone, edge.at - span, edge.at + span)
    ]

    assert broken == []


@pytest.mark.nightly
@pytest.mark.parametrize(
    "expression", ["*/7 * * * *", "17 2 * * *", "59 23,0,1 * * *", "0 3 1 * 0"]
)
def test_next_runs_a_day_around_every_jump_are_those_of_the_clock(expression: str) -> None:
    """The rule also holds for the days on either side of each jump."""
    span = timedelta(hours=26)

    for edge in edges():
        runs = _runs_around(edge, expression, span)
        assert brute_runs(expression, edge.zone, edge.at - span, edge.at + span) == runs


@given(st.data())
def test_asking_run_by_run_gives_the_same_runs(data: st.DataObject) -> None:
    """Asking again from each run on neither repeats nor leaves out any."""
    edge = data.draw(st.sampled_from(edges()))
    cron = parse_cron(data.draw(_EXPRESSIONS), edge.zone)
    begin = edge.at - timedelta(hours=3)
    expected = cron.runs_within(begin, edge.at + timedelta(hours=3), most=20)

    asked, moment = list[datetime](), begin
    for _ in expected:
        moment = cron.after(moment) or moment
        asked.append(moment)

    assert expected == asked


@pytest.mark.parametrize("offset", [timedelta(), timedelta(microseconds=1), timedelta(seconds=59)])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
def test_a_run_is_later_than_the_moment_it_is_asked_for(zone: str, offset: timedelta) -> None:
    """Within a minute of a run the next one is the next, not the same."""
    moment = _moment("2026-05-01T10:00:00") + offset

    assert parse_cron("*/5 * * * *", zone).after(moment) == _moment("2026-05-01T10:05:00")
    assert parse_cron("*/5 * * * *", zone).after(moment - MINUTE) == _moment(
        "2026-05-01T10:00:00"
    ) + (timedelta() if offset < MINUTE else MINUTE)


def test_a_time_that_is_left_out_runs_once_right_after_the_jump() -> None:
    """In Berlin 02:00 to 03:00 is left out on 29 March 2026; two times in it become one run."""
    cron = parse_cron("15,45 2 * * *", "Europe/Berlin")

    runs = cron.runs_within(_moment("2026-03-28T12:00:00"), _moment("2026-03-30T12:00:00"), most=9)

    assert [
        _moment("2026-03-29T01:00:00"),
        _moment("2026-03-30T00:15:00"),
        _moment("2026-03-30T00:45:00"),
    ] == runs


def test_a_time_that_comes_twice_runs_the_first_time() -> None:
    """In Berlin 02:30 comes twice on 25 October 2026."""
    cron = parse_cron("30 2 * * *", "Europe/Berlin")

    runs = cron.runs_within(_moment("2026-10-24T12:00:00"), _moment("2026-10-26T12:00:00"), most=9)

    assert [_moment("2026-10-25T00:30:00"), _moment("2026-10-26T01:30:00")] == runs


def test_what_follows_the_clock_runs_through_an_hour_that_comes_twice() -> None:
    """Every half hour stays every half hour of real time."""
    cron = parse_cron("*/30 * * * *", "Europe/Berlin")

    runs = cron.runs_within(_moment("2026-10-24T23:45:00"), _moment("2026-10-25T02:00:00"), most=9)

    assert [_moment("2026-10-25T00:00:00") + step * 30 * MINUTE for step in range(5)] == runs


def test_a_day_that_a_zone_left_out_runs_once() -> None:
    """Samoa had no 30 December 2011: what was due on it ran as the 31st began."""
    cron = parse_cron("0 9 30 12 *", "Pacific/Apia")

    assert cron.after(_moment("2011-12-01T00:00:00")) == _moment("2011-12-30T10:00:00")


def test_six_fields_begin_with_seconds() -> None:
    """Seconds stand in front of the five fields."""
    cron = parse_cron("*/20 0 12 * * *")

    runs = cron.runs_within(_moment("2026-01-01T00:00:00"), _moment("2026-01-02T00:00:00"), most=9)

    assert [_moment(f"2026-01-01T12:00:{second:02}") for second in (0, 20, 40)] == runs


def test_known_words_stand_for_expressions() -> None:
    """`@daily` is midnight in the zone."""
    assert parse_cron("@daily", "Asia/Tokyo").after(_moment("2026-01-01T00:00:00")) == _moment(
        "2026-01-01T15:00:00"
    )


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "five or six fields"),
        ("* * *", "five or six fields"),
        ("61 * * * *", "the minute"),
        ("* 24 * * *", "the hour"),
        ("* * 0 * *", "the day-of-month"),
        ("* * * 13 *", "the month"),
        ("* * * * 8", "the day-of-week"),
        ("*/0 * * * *", "the minute"),
        ("60 * * * * *", "the second"),
        ("* * 31 2 *", "never matches any date"),
        ("0 0 30 2 *", "never matches any date"),
        ("0 0 0 31 4,6 *", "never matches any date"),
        ("0 0 30 foo *", "the month"),
        ("0 0 32 * *", "the day-of-month"),
        ("5-1 * * * *", "the minute"),
        ("@never", "character"),
        ("\u0661 * * * *", "character"),
        ("* * * * *" + " " * 300, "longer than 200"),
    ],
)
def test_an_expression_that_cannot_be_used_is_refused(expression: str, reason: str) -> None:
    """The refusal names the field, or says what is wanted."""
    with pytest.raises(CronRefused, match=reason):
        parse_cron(expression)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "localtime", "europe/x"])
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    """Only names of the database are taken, and no file is opened for others."""
    with pytest.raises(TimeZoneRefused, match="IANA"):
        parse_cron("0 0 * * *", name)


@given(st.text(max_size=60))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    """Whatever people write gives runs in order, or a refusal."""
    try:
        cron = parse_cron(text)
    except CronRefused:
        return
    runs = cron.runs_within(_moment("2026-01-01T00:00:00"), _moment("2027-01-01T00:00:00"), most=5)
    assert runs == sorted(set(runs))


@pytest.mark.parametrize("year", [1, 1899, 9900, 9999])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("expression", ["0 9 * * *", "*/5 * * * *"])
def test_a_moment_beyond_the_calendar_is_refused(expression: str, zone: str, year: int) -> None:
    """Near the ends of what Python can date, the refusal says which years there are."""
    cron = parse_cron(expression, zone)

    with pytest.raises(MomentRefused, match="1900 to 9899"):
        cron.after(datetime(year, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("year", [1900, 9899])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Apia"])
@pytest.mark.parametrize("expression", ["0 9 29 2 *", "*/5 * * * *"])
def test_the_outermost_years_have_their_runs(expression: str, zone: str, year: int) -> None:
    """At either end of the years that are allowed nothing runs out of dates."""
    last_moment = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)

    run = parse_cron(expression, zone).after(last_moment)

    assert run is not None
    assert run > last_moment
