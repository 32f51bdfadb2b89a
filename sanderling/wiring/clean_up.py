"""What jobs do for the instance itself: forget what nobody needs any more, in small steps.

Each step is a transaction of its own with a pause after it, so that others may write meanwhile,
and a run that is cut off or repeated does no harm.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from config.ports import ConfigStore
from config.variables import Settings
from jobs.attendant import Work
from jobs.catalogue import CALL_RETENTION, CLEAN_UP, CONFIG_ACK_REAPER
from jobs.ports import JobStore
from jobs.run import Run
from jobs.sync.history import SliceHistory
from runner.executions.ports import ExecutionStore
from runner.retention import Retention
from runner.triggers.delivery import KEPT_FOR
from runner.triggers.outbox import RecordOutbox
from sanderling.kernel.clock import Clock

STEP: Final = 500
"""How many rows one transaction removes."""

PAUSE_S: Final = 0.05
"""How long everyone else may write between two steps."""

RUNS_KEPT_FOR: Final = timedelta(days=7)
SLICES_KEPT_FOR: Final = timedelta(days=14)
SILENT_FOR_S: Final = 3600.0
"""How long a process says nothing about settings before it is forgotten."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that grow with use, and what bounds them; `settings` are those in force."""

    executions: ExecutionStore
    outbox: RecordOutbox
    runs: JobStore
    slices: SliceHistory
    configuration: ConfigStore
    retention: Retention
    settings: Callable[[], Settings]
    clock: Clock


def works_of(kept: Kept) -> Mapping[str, Work]:
    """Return what each job does, by its name."""

    async def clean_up(_: Run) -> str:
        return await _clean_up(kept)

    async def call_retention(_: Run) -> str:
        swept = await kept.retention.sweep()
        return f"Calls forgotten: {swept.by_age} by age, {swept.by_count} by count."

    async def config_ack_reaper(_: Run) -> str:
        gone = await kept.configuration.reap(older_than_s=SILENT_FOR_S)
        return f"Processes forgotten: {gone}."

    return {
        CLEAN_UP: clean_up,
        CALL_RETENTION: call_retention,
        CONFIG_ACK_REAPER: config_ack_reaper,
    }


async def _clean_up(kept: Kept) -> str:
    now = kept.clock.now()
    ended_before = now - timedelta(days=kept.settings().executions_retention_days)

    async def executions() -> int:
        return await kept.executions.forget(finished_before=ended_before, now=now, limit=STEP)

    async def events() -> int:
        return await kept.outbox.forget(created_before=now - KEPT_FOR, limit=STEP)

    async def runs() -> int:
        return await kept.runs.forget(finished_before=now - RUNS_KEPT_FOR, limit=STEP)

    async def slices() -> int:
        return await kept.slices.forget(ended_before=now - SLICES_KEPT_FOR, limit=STEP)

    steps = (executions, events, runs, slices)
    numbers = [await _until_none(step, kept.clock) for step in steps]
    return (
        f"Removed: {numbers[0]} executions and idempotency keys, {numbers[1]} record events, "
        f"{numbers[2]} runs of jobs, {numbers[3]} slices of sync."
    )


async def _until_none(step: Callable[[], Awaitable[int]], clock: Clock) -> int:
    total = 0
    while gone := await step():
        total += gone
        await clock.wait_s(PAUSE_S)
    return total
