"""Values that the store writes as text come back as they were."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, make_url

from drivers.limits import CEILINGS, Limits
from drivers.port import Isolation
from runner.function import Definition, RateLimit
from sanderling.store.columns import Moment, is_storable, moment_text
from sanderling.store.definition import definition_from_text, definition_text

SQLITE: Dialect = make_url("sqlite://").get_dialect()()
POSTGRESQL: Dialect = make_url("postgresql+psycopg://").get_dialect()()

texts = st.text(st.characters(categories=None))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the strategy adds the zone itself.
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - as above.
    timezones=zones,
)
limits = st.builds(
    Limits,
    wall_s=st.floats(0.001, CEILINGS["wall_s"]),
    memory_bytes=st.integers(1, int(CEILINGS["memory_bytes"])),
)
definitions = st.builds(
    Definition,
    source=texts,
    limits=limits,
    isolation=st.sampled_from([Isolation.CALL, Isolation.FUNCTION]),
    rate_limit=st.none() | st.builds(RateLimit, st.integers(1, 10**6), st.integers(1, 10**6)),
    is_idempotent=st.booleans(),
    concurrency=st.none() | st.integers(1, 1000),
)


@given(definition=definitions)
def test_a_definition_comes_back_equal(definition: Definition) -> None:
    """Text and back is the same definition, with the same digest."""
    text = definition_text(definition)

    assert text.isascii()
    assert definition == definition_from_text(text)
    assert definition.digest == definition_from_text(text).digest


@given(moment=moments)
def test_a_moment_comes_back_in_utc(moment: datetime) -> None:
    """A moment survives to the microsecond on SQLite, wherever it was told."""
    kept = Moment().process_bind_param(moment, SQLITE)
    found = Moment().process_result_value(kept, SQLITE)

    assert moment == found
    assert found is not None
    assert found.tzinfo is UTC


@given(one=moments, other=moments)
def test_moments_sort_as_their_text(one: datetime, other: datetime) -> None:
    """SQLite compares text, and that must be the order of time."""
    assert (one < other) == (moment_text(one) < moment_text(other))


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_no_moment_stays_none(dialect: Dialect) -> None:
    """What has no moment, such as a key without an end, keeps none."""
    assert Moment().process_bind_param(None, dialect) is None
    assert Moment().process_result_value(None, dialect) is None


@given(text=texts)
def test_storable_text_can_be_encoded(text: str) -> None:
    """Text is storable exactly when it has a UTF-8 form and no NUL."""
    try:
        can_encode = b"\0" not in text.encode()
    except UnicodeEncodeError:
        can_encode = False

    assert can_encode == is_storable(text)
