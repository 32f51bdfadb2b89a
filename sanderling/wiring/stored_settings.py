"""Looks at what the database holds of the settings, for `sanderling doctor`; nothing is made."""

from config.loader import is_database_read
from config.snapshot import Snapshot
from config.sources import start
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.errors import Failure
from sanderling.kernel.findings import Finding, Standing
from sanderling.store import open_database
from sanderling.wiring.configuration import build_sources
from sanderling.wiring.home import DATABASE, database_limits, database_url


async def with_stored(snapshot: Snapshot) -> tuple[Snapshot, Finding]:
    """Return the settings with what is stored, as a process that starts now would, and how it went.

    Where that cannot be had they are those that the environment gives.
    """
    if not is_database_read(snapshot.layers):
        detail = "environment and .env alone; a restart applies a change"
        return snapshot, Finding("settings", "source", Standing.OK, detail)
    settings = snapshot.settings
    if settings.database_url is None and not (settings.home / DATABASE).is_file():
        # Opening it would make it, and a doctor makes nothing.
        return snapshot, Finding("settings", "source", Standing.OK, "nothing is stored yet")
    try:
        async with open_database(database_url(settings), database_limits(settings)) as database:
            begun = await start(build_sources(snapshot, database, SystemClock()))
    except Failure as failure:
        failed = Finding("settings", "source", Standing.FAILED, failure.detail, failure.advice)
        return snapshot, failed
    detail = f"revision {begun.snapshot.revision} of the database"
    if begun.why:
        stale = f"{detail}, a copy of the last good ones: {begun.why}"
        advice = "`sanderling config history` tells who changed what."
        return begun.snapshot, Finding("settings", "source", Standing.WARNING, stale, advice)
    return begun.snapshot, Finding("settings", "source", Standing.OK, detail)
