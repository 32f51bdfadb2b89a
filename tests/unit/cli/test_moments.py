"""Times and lifetimes are read as people write them."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from sanderling.cli.call_options import moment_of
from sanderling.cli.keys import lifetime_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2026-11-22T10:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00+02:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2h", NOW - timedelta(hours=2)),
        ("90s", NOW - timedelta(seconds=90)),
    ],
)
def test_moment_is_read(words: str, moment: datetime) -> None:
    """ISO 8601 is UTC unless it says otherwise; a duration is that long ago."""
    assert moment_of(words, now=NOW, option="--since") == moment


def test_no_words_mean_no_bound() -> None:
    """An option that was not given bounds nothing."""
    assert moment_of(None, now=NOW, option="--since") is None


@given(st.text(max_size=20))
def test_any_words_are_a_moment_or_a_usage_error(words: str) -> None:
    """No words make the reader fail in another way."""
    try:
        moment = moment_of(words, now=NOW, option="--since")
    except typer.BadParameter as refused:
        assert refused.param_hint == "--since"  # noqa: PT017 - either end is fine.
    else:
        assert moment is not None
        assert moment.tzinfo is not None


def test_lifetime_is_read() -> None:
    """A key lives for a duration, or for ever."""
    assert lifetime_of("never") is None
    assert lifetime_of("30d") == timedelta(days=30)


@pytest.mark.parametrize("words", ["", "30", "forever", "-1d", "999999999999d"])
def test_what_is_no_lifetime_is_a_usage_error(words: str) -> None:
    """Anything else names the option."""
    with pytest.raises(typer.BadParameter):
        lifetime_of(words)
