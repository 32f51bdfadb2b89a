"""The twin of this room's store that lives in memory: for embedding, trials and tests.

It belongs to one event loop; no method waits, so each one is atomic.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from jobs.job import Course, RunId
from jobs.run import Run, RunClaim, RunStatus, claimed

_OPEN = (RunStatus.WAITING, RunStatus.RUNNING)


class MemoryJobStore:
    """Keep courses and runs for as long as this process lives."""

    def __init__(self) -> None:
        """Start empty."""
        self._courses: dict[str, Course] = {}
        self._runs: dict[RunId, Run] = {}

    async def open_courses(self, names: Collection[str], now: datetime) -> None:
        """Make courses for those that have none."""
        for name in names:
            self._courses.setdefault(name, Course(name, now))

    async def courses(self) -> Mapping[str, Course]:
        """Return every course by name."""
        return dict(self._courses)

    async def is_busy(self, name: str) -> bool:
        """Claim that a run of this job waits or is under way."""
        return any(run.job == name and run.status in _OPEN for run in self._runs.values())

    async def emit(self, before: Course, after: Course, runs: Sequence[Run]) -> bool:
        """Move a course on and keep its new runs."""
        kept = self._courses.get(before.name)
        if kept is None or _marks(kept) != _marks(before):
            return False
        self._courses[before.name] = after
        for run in runs:
            self._runs.setdefault(run.id, run)
        return True

    async def pause(self, name: str, *, is_paused: bool) -> bool:
        """Pause a job or let it go on."""
        if name not in self._courses:
            return False
        self._courses[name] = replace(self._courses[name], is_paused=is_paused)
        return True

    async def ask_run(self, name: str, now: datetime) -> bool:
        """Note that a run out of turn is wanted."""
        if name not in self._courses:
            return False
        self._courses[name] = replace(self._courses[name], asked_at=now)
        return True

    async def claim(self, name: str, claim: RunClaim) -> Run | None:
        """Return the earliest waiting run of a job, under way from now on."""
        mine = [run for run in self._runs.values() if run.job == name]
        waiting = [run for run in mine if run.status is RunStatus.WAITING]
        if not waiting or any(run.status is RunStatus.RUNNING for run in mine):
            return None
        run = claimed(min(waiting, key=lambda run: (run.scheduled_at, run.id)), claim)
        self._runs[run.id] = run
        return run

    async def renew(self, run: Run, *, lease_until: datetime) -> bool:
        """Lengthen a lease."""
        if not self._is_held(run):
            return False
        self._runs[run.id] = replace(self._runs[run.id], lease_until=lease_until)
        return True

    async def settle(self, before: Run, after: Run) -> bool:
        """Write what became of a run."""
        if not self._is_held(before):
            return False
        self._runs[before.id] = after
        return True

    def _is_held(self, run: Run) -> bool:
        kept = self._runs.get(run.id)
        return kept is not None and kept.status is RunStatus.RUNNING and kept.fence == run.fence

    async def waiting(self) -> Sequence[str]:
        """Return the names of jobs that have a run waiting and none under way."""
        runs = self._runs.values()
        waiting = {run.job for run in runs if run.status is RunStatus.WAITING}
        running = {run.job for run in runs if run.status is RunStatus.RUNNING}
        return sorted(waiting - running)

    async def backlog(self) -> Mapping[str, int]:
        """Return how many runs wait of each job that has any."""
        return Counter(run.job for run in self._runs.values() if run.status is RunStatus.WAITING)

    async def expired(self, now: datetime) -> Sequence[Run]:
        """Return runs under way whose lease ran out."""
        return sorted(
            (run for run in self._runs.values() if run.lease_until and run.lease_until <= now),
            key=lambda run: run.id,
        )

    async def latest(self) -> Mapping[str, Run]:
        """Return the latest begun run of each job."""
        found: dict[str, Run] = {}
        for run in sorted(self._runs.values(), key=lambda run: (run.scheduled_at, run.id)):
            if run.started_at is not None:
                found[run.job] = run
        return found

    async def forget(self, *, finished_before: datetime, limit: int) -> int:
        """Remove ended runs, the oldest first."""
        old = sorted(
            (run.finished_at, run.id)
            for run in self._runs.values()
            if run.finished_at and run.is_final and run.finished_at < finished_before
        )[:limit]
        for _, run_id in old:
            del self._runs[run_id]
        return len(old)


def _marks(course: Course) -> tuple[object, ...]:
    return course.seen_until, course.is_paused, course.asked_at
