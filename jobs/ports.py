"""What this room needs from others; the adapters live in `sanderling.store` and beside us."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from jobs.job import Course
from jobs.run import Run, RunClaim


class JobStore(Protocol):
    """Keep how far jobs have come, and their runs. Its rows are the truth.

    Any number of processes may look at the clock at once: each tick is emitted once. Every change
    of a run that is under way is guarded by its fence. When the database is away or refuses,
    every method raises `StoreUnavailableError` and nothing was changed.
    """

    async def open_courses(self, names: Collection[str], now: datetime) -> None:
        """Make courses for those that have none, from `now` on; repeating it changes nothing."""
        ...

    async def courses(self) -> Mapping[str, Course]:
        """Return every course by name, also those of jobs that nobody registers any more."""
        ...

    async def is_busy(self, name: str) -> bool:
        """Claim that a run of this job waits or is under way."""
        ...

    async def emit(self, before: Course, after: Course, runs: Sequence[Run]) -> bool:
        """Move a course on and keep its new runs, all in one transaction.

        False when the course is no longer as in `before`, apart from its counters; nothing was
        changed then. A run that is kept already stays as it is.
        """
        ...

    async def pause(self, name: str, *, is_paused: bool) -> bool:
        """Pause a job or let it go on; False when it has no course."""
        ...

    async def ask_run(self, name: str, now: datetime) -> bool:
        """Note that a run out of turn is wanted; False when the job has no course."""
        ...

    async def claim(self, name: str, claim: RunClaim) -> Run | None:
        """Return the earliest waiting run of a job, under way from now on.

        None when none waits, or another one is under way.
        """
        ...

    async def renew(self, run: Run, *, lease_until: datetime) -> bool:
        """Lengthen the lease of a run that is under way; False when it is lost."""
        ...

    async def settle(self, before: Run, after: Run) -> bool:
        """Write `after` over a run that is under way with the fence of `before`; False if lost."""
        ...

    async def waiting(self) -> Sequence[str]:
        """Return the names of jobs that have a run waiting and none under way."""
        ...

    async def backlog(self) -> Mapping[str, int]:
        """Return how many runs wait of each job that has any."""
        ...

    async def expired(self, now: datetime) -> Sequence[Run]:
        """Return runs under way whose lease ran out."""
        ...

    async def latest(self) -> Mapping[str, Run]:
        """Return the latest begun run of each job."""
        ...

    async def forget(self, *, finished_before: datetime, limit: int) -> int:
        """Remove at most `limit` ended runs; return how many it was."""
        ...
