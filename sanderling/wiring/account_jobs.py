"""What jobs do for connected accounts: revive what stopped, keep tokens, and renew watches."""

from collections.abc import Mapping

from config.variables import Settings
from jobs.accounts.ahead import TokensAhead
from jobs.attendant import Work
from jobs.catalogue import (
    FAILED_RECOVERY,
    PUSH_RENEWAL,
    RENEWAL,
    STALE_RECOVERY,
    swept,
    wanted_jobs,
)
from jobs.push.renewal import WatchRenewal
from jobs.run import Run
from jobs.streams.lanes import LANES
from jobs.streams.recovery import Recovery
from jobs.streams.stream import Lane
from sanderling.schedule.cron import Cron


def lanes_of(settings: Settings) -> Mapping[Lane, Cron]:
    """Return the lanes that the instance sweeps by these settings, with their crons."""
    return {LANES[name]: cron for name, cron in swept(wanted_jobs(settings)).items()}


def account_works(
    recovery: Recovery, ahead: TokensAhead, watching: WatchRenewal
) -> Mapping[str, Work]:
    """Return what each job does for accounts, by its name."""

    async def failed(_: Run) -> str:
        return await recovery.try_failed()

    async def stale(_: Run) -> str:
        return await recovery.free_stale()

    async def tokens(_: Run) -> str:
        return await ahead.renew()

    async def watches(_: Run) -> str:
        return await watching.renew()

    return {
        FAILED_RECOVERY: failed,
        STALE_RECOVERY: stale,
        RENEWAL: tokens,
        PUSH_RENEWAL: watches,
    }
