"""When watches are renewed, and tried again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.push.renewal import LONGEST_REST, SHORTEST_REST, renew_at, try_at
from jobs.sync.faults import RateLimited, Temporary

NOW = datetime(2026, 1, 1, tzinfo=UTC)
chances = st.floats(0, 1, exclude_max=True)


@given(st.timedeltas(timedelta(minutes=15), timedelta(days=400)), chances)
def test_a_watch_is_renewed_half_way(lasts: timedelta, chance: float) -> None:
    """Two fifths of the time are left for a provider that is away."""
    at = renew_at(NOW, NOW + lasts, chance)

    assert lasts * 0.4 <= at - NOW <= lasts * 0.6


@given(st.timedeltas(-timedelta(days=400), timedelta(minutes=15)), chances)
def test_what_hardly_lasts_is_not_renewed_all_the_time(lasts: timedelta, chance: float) -> None:
    """A provider whose clock is wrong is not asked again and again."""
    assert renew_at(NOW, NOW + lasts, chance) - NOW >= SHORTEST_REST


@given(st.integers(0, 10_000), chances)
def test_failures_wait_longer_each_time(failures: int, chance: float) -> None:
    """However often it failed, it is tried again within hours."""
    rest = try_at(Temporary("it is away"), failures, NOW, chance) - NOW
    later = try_at(Temporary("it is away"), failures + 1, NOW, chance) - NOW

    assert SHORTEST_REST * 0.75 <= rest <= later <= LONGEST_REST


@given(st.integers(0, 20), chances, st.floats(-5, 1e6))
def test_who_asks_to_wait_is_waited_for(failures: int, chance: float, asked_s: float) -> None:
    """A provider that names a time is not asked before it."""
    fault = RateLimited(retry_after_s=asked_s)

    assert (try_at(fault, failures, NOW, chance) - NOW).total_seconds() >= asked_s - 1e-3
