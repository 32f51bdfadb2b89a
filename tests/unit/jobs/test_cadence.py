"""When a stream is due in turn."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.streams.cadence import next_in_turn
from sanderling.schedule.cron import parse_cron

START = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@given(name=st.text(max_size=9), late_s=st.floats(0, 50))
def test_lateness_does_not_add_up(name: str, late_s: float) -> None:
    """A stream has one moment in each interval, however late its last slice ended within it."""
    cron = parse_cron("* * * * *")
    first = next_in_turn(cron, name, after=START)

    assert START < first <= START + MINUTE
    late = first + timedelta(seconds=late_s)
    assert next_in_turn(cron, name, after=late) == first + MINUTE


def test_thousands_are_spread_over_the_minute() -> None:
    """Each second of a minute has its part of the streams."""
    cron = parse_cron("* * * * *")

    due = Counter(
        next_in_turn(cron, f"stream-{number}", after=START).second for number in range(6000)
    )

    assert len(due) == 60
    assert max(due.values()) < 2 * min(due.values())


@given(minutes=st.integers(0, 3000))
def test_a_moment_always_comes(minutes: int) -> None:
    """With ticks that are not evenly spread, each moment is later than the last, within a day."""
    cron = parse_cron("0,1,30 9 * * *")
    after = START + minutes * MINUTE

    moment = next_in_turn(cron, "stream", after=after)

    assert after < moment <= after + timedelta(days=2)
