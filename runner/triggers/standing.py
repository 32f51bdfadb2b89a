"""How a trigger stands: what is before it, and what is to come of it."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from runner.triggers.cron_course import CronCourse
from runner.triggers.trigger import CronSchedule, Trigger

RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """What people are told of a trigger beside its settings.

    `shadow` is the enabled one before it that takes all its requests. `next_runs` are the first
    moments of a schedule from now on, before jitter; none while it is disabled. `course` is how far
    it has come.
    """

    shadow: Trigger | None = None
    next_runs: tuple[datetime, ...] = ()
    course: CronCourse | None = None


def next_runs(trigger: Trigger, now: datetime) -> tuple[datetime, ...]:
    """Return the first moments of an enabled cron trigger that are later than `now`."""
    if not isinstance(trigger.settings, CronSchedule) or not trigger.is_enabled:
        return ()
    return tuple(islice(trigger.settings.cron.runs_after(now), RUNS_SHOWN))
