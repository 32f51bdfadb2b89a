"""Which moments of a job have come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.job import Course, Job, next_step
from sanderling.schedule.catch_up import CatchUp, CatchUpRule
from sanderling.schedule.cron import parse_cron
from sanderling.schedule.overlap import Overlap

START = datetime(2026, 1, 1, tzinfo=UTC)
COURSE = Course("sweep", START)
MINUTELY = Job("sweep", parse_cron("* * * * *"))


def at(minutes: float) -> datetime:
    """Return the moment so many minutes after the start."""
    return START + timedelta(minutes=minutes)


def test_nothing_is_news_before_the_first_tick() -> None:
    """A look between two ticks leaves nothing to write down."""
    step = next_step(MINUTELY, COURSE, at(0.9), is_busy=False)

    assert not step.has_news
    assert step.ticks == ()


def test_a_tick_that_has_come_is_run_once() -> None:
    """The course is past it afterwards."""
    step = next_step(MINUTELY, COURSE, at(1.1), is_busy=False)

    assert step.has_news
    assert (at(1),) == step.ticks
    assert next_step(MINUTELY, step.after, at(1.1), is_busy=False).ticks == ()


def test_a_tick_during_a_run_is_left_out_and_counted() -> None:
    """Unless ticks queue up, a run that takes long is not followed by those it covered."""
    step = next_step(MINUTELY, COURSE, at(1.1), is_busy=True)
    queued = next_step(
        Job("sweep", MINUTELY.cron, overlap=Overlap.QUEUE), COURSE, at(1.1), is_busy=True
    )

    assert (step.ticks, step.after.overlapped) == ((), 1)
    assert (queued.ticks, queued.after.overlapped) == ((at(1),), 0)


def test_a_paused_job_lets_its_moments_pass() -> None:
    """What it was paused for is neither run nor missed afterwards."""
    paused = Course("sweep", START, is_paused=True)

    step = next_step(MINUTELY, paused, at(60.1), is_busy=False)

    assert (step.ticks, step.after.missed) == ((), 0)
    assert at(60.1) == step.after.seen_until


@pytest.mark.parametrize("is_paused", [True, False])
def test_a_run_that_is_asked_for_runs_once(*, is_paused: bool) -> None:
    """Even of a paused job, and only once."""
    asked = Course("sweep", START, is_paused=is_paused, asked_at=at(0.1))

    step = next_step(MINUTELY, asked, at(0.2), is_busy=False)

    assert step.has_news
    assert step.is_asked
    assert step.after.asked_at is None
    assert step.ticks == ()


@given(
    st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=20),
    st.sampled_from(Overlap),
    st.sampled_from(CatchUp),
    st.integers(1, 5),
)
def test_every_tick_is_run_missed_or_overlapped_once(
    looks: list[tuple[float, bool]], overlap: Overlap, choice: CatchUp, most: int
) -> None:
    """However often, and however late, somebody looks, each tick is accounted for once."""
    job = Job("sweep", MINUTELY.cron, CatchUpRule(choice, most=most), overlap)
    course, now, ticks = COURSE, START, list[datetime]()
    for pause, is_busy in looks:
        now += timedelta(minutes=pause)
        step = next_step(job, course, now, is_busy=is_busy)
        ticks.extend(step.ticks)
        course = step.after

    came = len(MINUTELY.cron.runs_within(START, now, most=10_000))
    assert ticks == sorted(set(ticks))
    assert came == len(ticks) + course.missed + course.overlapped
