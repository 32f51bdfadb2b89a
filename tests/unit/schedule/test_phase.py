"""Spreading what recurs."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sanderling.schedule.phase import jittered, next_in_phase, share_of

_NOW = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


@given(st.text(max_size=40), st.timedeltas(timedelta(seconds=1), timedelta(days=400)))
def test_a_share_is_within_the_whole(name: str, whole: timedelta) -> None:
    """A share is at least nothing, less than all, and always the same."""
    share = share_of(name, whole)

    assert timedelta() <= share < whole
    assert share == share_of(name, whole)


@given(
    st.text(max_size=40),
    st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
    st.timedeltas(timedelta(), timedelta(days=40)),
)
def test_phases_do_not_drift(name: str, interval: timedelta, late: timedelta) -> None:
    """However late somebody asks, the next moment is the earliest one of the same grid."""
    first = next_in_phase(name, interval, after=_NOW)
    later = next_in_phase(name, interval, after=_NOW + late)

    assert _NOW < first <= _NOW + interval
    assert (later - first) % interval == timedelta()
    assert _NOW + late < later <= _NOW + late + interval


def test_many_names_are_spread_over_the_interval() -> None:
    """Ten thousand accounts with one minute each come evenly over the minute."""
    seconds = [0] * 60
    for number in range(10_000):
        due = next_in_phase(f"account-{number}", _MINUTE, after=_NOW)
        seconds[due.second] += 1

    assert min(seconds) > 100
    assert max(seconds) < 240


@given(st.text(max_size=20))
def test_jitter_puts_off_and_never_brings_forward(name: str) -> None:
    """A run is put off by less than what is allowed, by all replicas alike."""
    run = jittered(name, _NOW, _MINUTE)

    assert _NOW <= run < _NOW + _MINUTE
    assert run == jittered(name, _NOW, _MINUTE)
    assert jittered(name, _NOW, timedelta()) == _NOW
