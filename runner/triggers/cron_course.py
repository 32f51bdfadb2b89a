"""How far a cron trigger has come, and the port that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from runner.triggers.trigger import CronSchedule, Settings, Trigger
from sanderling.kernel.ids import ExecutionId, TriggerId, WorkspaceId
from sanderling.kernel.jsontext import decode, encode
from sanderling.schedule.catch_up import due_runs
from sanderling.schedule.overlap import kept_runs


@dataclass(frozen=True, slots=True)
class CronCourse:
    """How far a cron trigger has come, as all processes see it.

    Ticks up to `seen_until` were decided on; those of them that are `pending` are to be queued, and
    were decided on at `decided_at`. `missed` counts ticks that came while nobody was there and were
    not made up for, `overlapped` those left out because the last call was not over. `attempts`
    counts vain ones since the last success, and `detail` is the code of what stood in the way.
    Without `next_due_at` nothing is to come. `fence` counts each claim.
    """

    workspace_id: WorkspaceId
    trigger_id: TriggerId
    seen_until: datetime
    next_due_at: datetime | None
    pending: tuple[datetime, ...] = ()
    decided_at: datetime | None = None
    last_tick_at: datetime | None = None
    last_execution_id: ExecutionId | None = None
    missed: int = 0
    overlapped: int = 0
    attempts: int = 0
    detail: str = ""
    lease_until: datetime | None = None
    fence: int = 0


@dataclass(frozen=True, slots=True)
class CronOutlook:
    """How many cron triggers have moments to come, how many are due, and the first moment."""

    triggers: int
    due: int
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class CronTurn:
    """A cron trigger that is due, and its course as it was claimed."""

    trigger: Trigger
    schedule: CronSchedule
    course: CronCourse


def opened(trigger: Trigger, now: datetime) -> CronCourse | None:
    """Return the course of a trigger that counts moments from `now` on; None of another kind."""
    schedule = trigger.settings
    if not isinstance(schedule, CronSchedule):
        return None
    next_due_at = schedule.cron.after(now) if trigger.is_enabled else None
    return CronCourse(trigger.workspace_id, trigger.id, now, next_due_at)


def reopened(course: CronCourse, trigger: Trigger, now: datetime) -> CronCourse:
    """Return the course of a trigger whose moments count from `now` on, its counters kept.

    What was decided on and is not queued yet is dropped, and whoever holds the course loses it.
    """
    fresh = opened(trigger, now)
    return replace(
        course,
        seen_until=now,
        next_due_at=None if fresh is None else fresh.next_due_at,
        pending=(),
        decided_at=None,
        attempts=0,
        detail="",
        lease_until=None,
        fence=course.fence + 1,
    )


def is_rescheduled(before: Settings, after: Settings) -> bool:
    """Claim that both are schedules, and have different moments."""
    if not isinstance(before, CronSchedule) or not isinstance(after, CronSchedule):
        return False
    return before.cron != after.cron


def claimed(course: CronCourse, lease_until: datetime) -> CronCourse:
    """Return a course that somebody holds from now on."""
    return replace(course, fence=course.fence + 1, lease_until=lease_until)


def decided(
    schedule: CronSchedule, course: CronCourse, now: datetime, *, is_busy: bool
) -> CronCourse:
    """Return the course with what came up to `now` decided on; nothing of it may be pending."""
    due = due_runs(schedule.cron, schedule.catch_up_rule, seen_until=course.seen_until, now=now)
    kept = kept_runs(schedule.overlap, due.runs, is_busy=is_busy)
    return replace(
        course,
        seen_until=due.seen_until,
        pending=kept,
        decided_at=now if kept else None,
        last_tick_at=kept[-1] if kept else course.last_tick_at,
        missed=course.missed + due.missed,
        overlapped=course.overlapped + len(due.runs) - len(kept),
    )


def cron_event(trigger_id: TriggerId, schedule: CronSchedule, tick: datetime) -> bytes:
    """Return what the function is given for `tick`."""
    return encode(
        {
            "triggerId": trigger_id,
            "scheduledAt": tick.isoformat().replace("+00:00", "Z"),
            "payload": decode(schedule.payload_json.encode()),
        }
    )


class CronCourses(Protocol):
    """Keep how far cron triggers have come. Its rows are the truth.

    Courses are made, reopened and removed with their triggers, by the store of triggers. Moments
    come from the caller. When the database is away every method raises `StoreUnavailableError`
    and nothing was changed.
    """

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[CronTurn]:
        """Return courses that are due, claimed until then, in fair turns between workspaces.

        The first of each workspace come before the second of any. Those that somebody else holds
        are left out until that lease ran out. Several that claim at once get different ones. One
        whose settings cannot be read any more is set aside: nothing is to come, `detail` says so.
        """
        ...

    async def save(self, courses: Sequence[CronCourse]) -> tuple[bool, ...]:
        """Write courses that were claimed, in one transaction.

        False for each that has been claimed or reopened since, or is gone; it is left as it is.
        """
        ...

    async def next_due_at(self, after: datetime) -> datetime | None:
        """Return the first moment later than `after` at which a course is due."""
        ...

    async def outlook(self, now: datetime) -> CronOutlook:
        """Return what is to come in all workspaces; the first moment may have passed."""
        ...
