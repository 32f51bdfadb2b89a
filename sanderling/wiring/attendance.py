"""Says whether any process of the instance looks after its jobs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from drivers.port import Health, HealthState
from jobs.catalogue import CLEAN_UP
from jobs.heartbeats import HeartbeatStore
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.wiring.meanwhile import meanwhile

log = structlog.get_logger()

LOOK_EVERY_S: Final = 30.0
NOBODY: Final = (
    "No worker looks after jobs: nothing is cleaned up, no schedule calls a function, and the "
    "database grows."
)
START_ONE: Final = "Start `sanderling worker`, or a server without `--without-worker`."
UNATTENDED: Final = f"{NOBODY} {START_ONE}"


async def attendance(store: HeartbeatStore) -> Health:
    """Say whether a process is alive that has the jobs registered.

    Raises:
        StoreUnavailableError: the database is away.

    """
    seen = await store.heartbeats()
    there = sum(each.is_alive and CLEAN_UP in each.heartbeat.jobs for each in seen)
    if there:
        return Health(HealthState.OK, (), {"workers": there})
    return Health(HealthState.DEGRADED, (UNATTENDED,), {"workers": 0})


@asynccontextmanager
async def watching_attendance(store: HeartbeatStore, clock: Clock) -> AsyncGenerator[None]:
    """Tell the log when nobody looks after jobs, and when somebody does again."""
    async with meanwhile(_watch(store, clock), name="attendance of jobs"):
        yield


async def _watch(store: HeartbeatStore, clock: Clock) -> None:
    was_attended = True
    while True:
        # First, because a worker that starts together with this process needs a moment.
        await clock.wait_s(LOOK_EVERY_S)
        try:
            is_attended = (await attendance(store)).state is HealthState.OK
        except StoreUnavailableError:
            # Everybody who needs the database tells of it.
            continue
        except Exception:
            # The top of a loop that must not end.
            log.exception("jobs.look-failed")
            continue
        if was_attended and not is_attended:
            log.warning("jobs.unattended", advice=UNATTENDED)
        elif is_attended and not was_attended:
            log.info("jobs.attended")
        was_attended = is_attended
