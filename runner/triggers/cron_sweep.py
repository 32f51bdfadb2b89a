"""Brings the ticks of cron triggers to their functions: one call for each, and no second one.

Guarantees. What is to be done about the ticks up to a moment is decided once, and written down with
the ticks themselves before the first of them is queued. Each is then queued under a key made of
trigger and tick. So whoever takes over from a process that ended in between queues the same ticks
again and meets those that are queued already; however many sweep, each tick is queued once.

Assumptions. Clocks of processes that share a store agree within a few seconds. A process that was
taken for gone may still queue what it had decided on; what it writes of the course is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from runner.call import Trigger as Word
from runner.errors import RateLimited
from runner.executions.errors import IdempotencyConflict
from runner.executions.execution import Execution
from runner.executions.ports import Added
from runner.executions.request import ExecutionRequest, Submitter
from runner.executions.retry import Backoff
from runner.triggers.cron_course import CronCourse, CronCourses, CronTurn, cron_event, decided
from runner.triggers.delivery import FINAL
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure
from sanderling.kernel.events import EventBus, TickQueued, TicksLeftOut
from sanderling.kernel.ids import ExecutionId, Ids, WorkspaceId
from sanderling.schedule.overlap import Overlap
from sanderling.schedule.phase import jittered

log = structlog.get_logger()

LEASE = timedelta(seconds=3.5)
"""So short that others take over within five seconds; what is queued is written down before."""

_TO_WRITE = timedelta(seconds=1)
"""How long before the end of its lease a sweep stops queueing, to write down how far it came."""

AT_ONCE = 50
"""How many triggers are claimed together."""

MOST_IN_TURN = 100
"""How many ticks of one trigger are queued before the others have their turn."""

KEYS_LAST = timedelta(days=7)
"""How long the key of a tick is known."""

GIVES_UP_AFTER = timedelta(days=6)
"""How long a tick that was decided on is tried, well within the time for which its key is known."""

BACKOFF = Backoff(first_s=1.0, most_s=300.0)


class _Submission(Protocol):
    async def submit_for(self, submitter: Submitter, request: ExecutionRequest) -> Added: ...


class _Executions(Protocol):
    async def find(
        self, workspace_id: WorkspaceId, execution_id: ExecutionId
    ) -> Execution | None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What a sweep works with: it takes courses from `courses` and hands calls to `submission`."""

    courses: CronCourses
    submission: _Submission
    executions: _Executions
    ids: Ids
    clock: Clock
    bus: EventBus
    random: Callable[[], float]


class CronSweep:
    """Queue a call for every tick that has come; any number of processes may sweep at once."""

    def __init__(self, means: Means) -> None:
        """Sweep nothing before `sweep` is called."""
        self._means = means
        self._courses = means.courses
        self._clock = means.clock
        self._bus = means.bus

    async def sweep(self) -> int:
        """Queue what has come, and return how many triggers it was of; 0 when nothing is left.

        Raises:
            StoreUnavailableError: the database is away; whatever was claimed is due again later.

        """
        now = self._clock.now()
        turns = await self._courses.claim(now, lease_until=now + LEASE, limit=AT_ONCE)
        courses = [await self._decide(turn, now) for turn in turns]
        held = await self._courses.save(courses)
        for turn, course, is_held in zip(turns, courses, held, strict=True):
            if is_held:
                self._tell_decided(turn.course, course)
                # Each by itself, so that whoever takes over the rest has this one behind it.
                await self._courses.save([await self._queue_safely(replace(turn, course=course))])
        return len(turns)

    async def wait_s(self, most_s: float) -> float:
        """Return how long to wait for the next tick, at most `most_s`.

        Raises:
            StoreUnavailableError: the database is away.

        """
        now = self._clock.now()
        due_at = await self._courses.next_due_at(now)
        return most_s if due_at is None else min(most_s, (due_at - now).total_seconds())

    async def _decide(self, turn: CronTurn, now: datetime) -> CronCourse:
        """Return the course with what is to be queued, which an earlier process may have said."""
        course = turn.course
        if course.pending and course.decided_at and course.decided_at + GIVES_UP_AFTER <= now:
            # Nobody knows any more which of them are queued.
            course = replace(course, pending=(), missed=course.missed + len(course.pending))
        if course.pending:
            return course
        is_busy = turn.schedule.overlap is Overlap.SKIP and await self._is_busy(course)
        return decided(turn.schedule, course, now, is_busy=is_busy)

    def _tell_decided(self, before: CronCourse, after: CronCourse) -> None:
        """Tell what of the moments that came leads to no call."""
        missed, overlapped = after.missed - before.missed, after.overlapped - before.overlapped
        self._leave_out("missed", missed)
        self._leave_out("overlapped", overlapped)
        if missed or overlapped:
            log.info(
                "cron.skipped",
                trigger_id=after.trigger_id,
                workspace_id=after.workspace_id,
                missed=missed,
                overlapped=overlapped,
            )

    def _leave_out(self, reason: str, count: int) -> None:
        if count:
            self._bus.publish(TicksLeftOut(reason, count))

    async def _is_busy(self, course: CronCourse) -> bool:
        if course.last_execution_id is None:
            return False
        last = await self._means.executions.find(course.workspace_id, course.last_execution_id)
        return last is not None and not last.is_final

    async def _queue_safely(self, turn: CronTurn) -> CronCourse:
        try:
            return await self._queue(turn)
        except Exception:
            # The top of what is done for one trigger: its defect is not that of the others.
            log.exception("cron.queue-failed", trigger_id=turn.trigger.id)
            return self._put_off(turn.course, "defect")

    async def _queue(self, turn: CronTurn) -> CronCourse:
        """Queue what is pending, in order, and return the course after it, given back."""
        course, lease_until = turn.course, turn.course.lease_until
        for tick in course.pending[:MOST_IN_TURN]:
            if lease_until is None or self._clock.now() >= lease_until - _TO_WRITE:
                # Somebody else goes on with the rest.
                break
            try:
                added = await self._submit(turn, tick)
            except IdempotencyConflict:
                # Queued before, when function or payload were others.
                course = replace(course, pending=course.pending[1:], attempts=0)
            except FINAL as refusal:
                course = replace(course, pending=course.pending[1:], detail=refusal.code)
                self._leave_out("refused", 1)
                self._tell("cron.refused", course)
            except Failure as failure:
                at_least_s = failure.resets_in_s if isinstance(failure, RateLimited) else 0.0
                return self._put_off(course, failure.code, at_least_s=at_least_s)
            else:
                if not added.is_replayed:
                    self._bus.publish(TickQueued((self._clock.now() - tick).total_seconds()))
                course = replace(
                    course,
                    pending=course.pending[1:],
                    last_execution_id=added.execution.id,
                    attempts=0,
                    detail="",
                )
        due_at = (
            self._clock.now() if course.pending else turn.schedule.cron.after(course.seen_until)
        )
        return replace(course, next_due_at=due_at, lease_until=None)

    def _put_off(self, course: CronCourse, code: str, *, at_least_s: float = 0.0) -> CronCourse:
        attempts = course.attempts + 1
        pause_s = BACKOFF.pause_s(attempts, self._means.random, at_least_s=at_least_s)
        after = replace(
            course,
            attempts=attempts,
            detail=code,
            next_due_at=self._clock.now() + timedelta(seconds=pause_s),
            lease_until=None,
        )
        self._tell("cron.delayed", after)
        return after

    async def _submit(self, turn: CronTurn, tick: datetime) -> Added:
        trigger, schedule = turn.trigger, turn.schedule
        most = timedelta(seconds=schedule.jitter_s)
        return await self._means.submission.submit_for(
            Submitter(trigger.workspace_id, caller=f"trigger:{trigger.id}"),
            ExecutionRequest(
                function=trigger.function_name,
                event_json=cron_event(trigger.id, schedule, tick),
                request_id=self._means.ids.request(),
                trigger=Word.CRON,
                not_before=jittered(trigger.id, tick, most) if most else None,
                lane=f"cron:{trigger.id}" if schedule.overlap is Overlap.QUEUE else None,
                idempotency_key=f"cron:{trigger.id}:{int(tick.timestamp())}",
                key_lasts=KEYS_LAST,
            ),
        )

    def _tell(self, event: str, course: CronCourse) -> None:
        log.info(
            event,
            trigger_id=course.trigger_id,
            workspace_id=course.workspace_id,
            attempts=course.attempts,
            reason=course.detail,
        )
