"""One run of a job, from its tick to its end, as values and pure steps between them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from jobs.job import RunId

MOST_ATTEMPTS = 5
"""How often a run may lose its worker before it is taken for what kills them."""


class RunStatus(StrEnum):
    """Where a run is; all but the first two are for good."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The job met a fault of ours; its next tick tries again."""
    PARKED = "parked"
    """Every attempt lost its worker; nobody tries again."""
    SKIPPED = "skipped"
    """The job was switched off before the run began; nothing was done."""


_FINAL = frozenset(RunStatus) - {RunStatus.WAITING, RunStatus.RUNNING}


@dataclass(frozen=True, slots=True)
class Run:
    """The work of one tick, `scheduled_at`.

    `fence` counts claims: whoever claimed it before changes nothing any more. `detail` is a
    sentence about how it ended.
    """

    id: RunId
    job: str
    scheduled_at: datetime
    status: RunStatus = RunStatus.WAITING
    attempts: int = 0
    fence: int = 0
    worker: str | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str = ""

    @property
    def is_final(self) -> bool:
        """Claim that nothing will happen to it any more."""
        return self.status in _FINAL

    @property
    def is_suspect(self) -> bool:
        """Claim that an earlier attempt lost its worker, which this one may lose as well."""
        return self.attempts > 1


@dataclass(frozen=True, slots=True)
class RunClaim:
    """What whoever claims a run puts on it."""

    worker: str
    now: datetime
    lease_until: datetime


def claimed(run: Run, claim: RunClaim) -> Run:
    """Return a waiting run with its next attempt begun."""
    return replace(
        run,
        status=RunStatus.RUNNING,
        attempts=run.attempts + 1,
        fence=run.fence + 1,
        worker=claim.worker,
        lease_until=claim.lease_until,
        started_at=claim.now,
    )


def ended(run: Run, status: RunStatus, now: datetime, detail: str) -> Run:
    """Return the run at its end, which `status` names."""
    return replace(run, status=status, lease_until=None, finished_at=now, detail=detail)


def given_back(run: Run) -> Run:
    """Return a running run waiting again, its attempt not counted: its worker was told to stop."""
    waiting = replace(run, status=RunStatus.WAITING, lease_until=None, worker=None)
    return replace(waiting, attempts=max(0, run.attempts - 1))


def lost(run: Run, now: datetime) -> Run:
    """Return what becomes of a running run whose lease ran out."""
    if run.attempts < MOST_ATTEMPTS:
        return replace(run, status=RunStatus.WAITING, lease_until=None, worker=None)
    detail = f"It lost its worker {run.attempts} times, so it is not tried again."
    return ended(run, RunStatus.PARKED, now, detail)
