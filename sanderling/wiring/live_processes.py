"""How many processes of this instance are alive, as far as is known."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from config.configuration import LIVE_WITHIN_S
from config.ports import ConfigStore
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.wiring.meanwhile import meanwhile

LOOK_EVERY_S: Final = 2.0

log = structlog.get_logger()


class LiveProcesses:
    """Count those that spoke lately: each says regularly which settings it runs by.

    The number is that of the last look, and stays while the database is away.
    """

    def __init__(self, store: ConfigStore, clock: Clock) -> None:
        """Read from `store`; nobody is counted before the first look."""
        self._store = store
        self._clock = clock
        self._count = 0

    def count(self) -> int:
        """Return how many there are, at least this one."""
        return max(1, self._count)

    async def look(self) -> None:
        """Count anew; when the database is away the number stays."""
        with suppress(StoreUnavailableError):
            words = await self._store.list_acknowledgements()
            self._count = sum(word.age_s <= LIVE_WITHIN_S for word in words)

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                # The top of the loop: whatever is wrong, the next look may find it mended.
                log.exception("limits.look-failed")
            await self._clock.wait_s(LOOK_EVERY_S)


@asynccontextmanager
async def live_processes(store: ConfigStore, clock: Clock) -> AsyncGenerator[LiveProcesses]:
    """Yield the number of live processes, which is kept up to date until the way out."""
    processes = LiveProcesses(store, clock)
    async with meanwhile(processes.follow(), name="live processes"):
        yield processes
