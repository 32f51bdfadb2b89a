"""Jobs: what recurs, and which of its moments have come."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NewType

from sanderling.schedule.catch_up import CatchUp, CatchUpRule, due_runs
from sanderling.schedule.cron import Cron
from sanderling.schedule.overlap import Overlap, kept_runs

RunId = NewType("RunId", str)

LARGEST_SKEW = timedelta(minutes=10)
"""How far the clocks of two machines may be apart; a course further ahead was a clock's error."""


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring piece of work, known by its name in every process.

    `overlap` says what becomes of a tick that comes while an earlier run waits or is under way;
    runs of one job are never under way at the same time, so `ALLOW` means the same as `QUEUE`.
    """

    name: str
    cron: Cron
    catch_up: CatchUpRule = field(default_factory=lambda: CatchUpRule(CatchUp.ONE))
    overlap: Overlap = Overlap.SKIP


@dataclass(frozen=True, slots=True)
class Course:
    """How far a job has come, as all processes see it.

    Ticks up to `seen_until` were acted on. `missed` counts those that came while nobody was there
    and were not made up for, `overlapped` those that were left out because an earlier run was not
    done. `asked_at` is when somebody asked for a run out of turn that was not begun yet.
    """

    name: str
    seen_until: datetime
    is_paused: bool = False
    asked_at: datetime | None = None
    missed: int = 0
    overlapped: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What a look at the clock leads to: the course after it, and the ticks to run, in order.

    Without `has_news` there is nothing to write down.
    """

    after: Course
    ticks: tuple[datetime, ...]
    is_asked: bool
    has_news: bool


def next_step(job: Job, course: Course, now: datetime, *, is_busy: bool) -> Step:
    """Return what is to be done about `job` at `now`; `is_busy` says that a run is not done.

    A paused job lets its moments pass, and they are not missed; one that somebody asks to run
    runs all the same. A course that is far ahead of the clock is set back, or a job would be
    silent for as long as some clock was wrong; ticks that ran already do not run again, because
    the rows know their ids.
    """
    if course.seen_until - now > LARGEST_SKEW:
        return Step(replace(course, seen_until=now), (), is_asked=False, has_news=True)
    due = due_runs(job.cron, job.catch_up, seen_until=course.seen_until, now=now)
    is_asked = course.asked_at is not None
    has_news = is_asked or bool(due.runs) or due.missed > 0
    ticks = () if course.is_paused else due.runs
    missed = 0 if course.is_paused else due.missed
    kept = kept_runs(job.overlap, ticks, is_busy=is_busy)
    after = replace(
        course,
        seen_until=due.seen_until,
        asked_at=None,
        missed=course.missed + missed,
        overlapped=course.overlapped + len(ticks) - len(kept),
    )
    return Step(after, kept, is_asked=is_asked, has_news=has_news)


def run_id(name: str, tick: datetime) -> RunId:
    """Return the id that the run of this tick has in every process."""
    return RunId(f"{name}@{tick.isoformat()}")


def asked_run_id(name: str, asked_at: datetime) -> RunId:
    """Return the id of a run that somebody asked for."""
    return RunId(f"{name}!{asked_at.isoformat()}")
