"""The twin of the store of cron courses that lives in memory: for embedding, trials and tests."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import zip_longest

from runner.triggers.cron_course import CronCourse, CronOutlook, CronTurn, claimed
from runner.triggers.trigger import CronSchedule, Trigger
from sanderling.kernel.ids import TriggerId, WorkspaceId

Place = tuple[WorkspaceId, TriggerId]
Find = Callable[[WorkspaceId, TriggerId], Awaitable[Trigger | None]]


class MemoryCronCourses:
    """Keep courses for as long as this process lives; one event loop owns it."""

    def __init__(self, find: Find) -> None:
        """Start empty; `find` returns a trigger that is still there."""
        self._find = find
        self.kept: dict[Place, CronCourse] = {}

    def put(self, course: CronCourse | None) -> None:
        """Keep a course as the store of triggers made it."""
        if course is not None:
            self.kept[course.workspace_id, course.trigger_id] = course

    async def claim(
        self, now: datetime, *, lease_until: datetime, limit: int
    ) -> Sequence[CronTurn]:
        """Return courses that are due, claimed until then."""
        due: dict[WorkspaceId, list[CronTurn]] = {}
        for course in sorted(self.kept.values(), key=_place):
            trigger = await self._find(course.workspace_id, course.trigger_id)
            if trigger is None:
                del self.kept[course.workspace_id, course.trigger_id]
            elif isinstance(trigger.settings, CronSchedule) and _is_due(course, now):
                turn = CronTurn(trigger, trigger.settings, claimed(course, lease_until))
                due.setdefault(course.workspace_id, []).append(turn)
        in_turns = [turn for round_ in zip_longest(*due.values()) for turn in round_ if turn]
        for turn in in_turns[:limit]:
            self.put(turn.course)
        return in_turns[:limit]

    async def save(self, courses: Sequence[CronCourse]) -> tuple[bool, ...]:
        """Write courses that were claimed."""
        return tuple(map(self._save, courses))

    def _save(self, course: CronCourse) -> bool:
        kept = self.kept.get((course.workspace_id, course.trigger_id))
        if kept is None or kept.fence != course.fence or kept.lease_until is None:
            return False
        self.put(course)
        return True

    async def next_due_at(self, after: datetime) -> datetime | None:
        """Return the first moment later than `after` at which a course is due."""
        moments = [course.next_due_at for course in self.kept.values()]
        return min((each for each in moments if each and each > after), default=None)

    async def outlook(self, now: datetime) -> CronOutlook:
        """Return what is to come in all workspaces."""
        moments = sorted(each.next_due_at for each in self.kept.values() if each.next_due_at)
        due = sum(moment <= now for moment in moments)
        return CronOutlook(len(moments), due, moments[0] if moments else None)


def _place(course: CronCourse) -> tuple[str, str, str]:
    due = course.next_due_at.isoformat() if course.next_due_at else ""
    return (due, course.workspace_id, course.trigger_id)


def _is_due(course: CronCourse, now: datetime) -> bool:
    return (
        course.next_due_at is not None
        and course.next_due_at <= now
        and (course.lease_until is None or course.lease_until <= now)
    )
