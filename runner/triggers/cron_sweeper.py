"""Sweeps cron triggers as their moments come."""

from collections.abc import Awaitable, Callable

import structlog

from runner.triggers.cron_sweep import CronSweep
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError

log = structlog.get_logger()

EVERY_S = 1.0


class CronSweeper:
    """Sweep again and again, at the latest every `EVERY_S` seconds or so.

    The rows are the truth: a moment that nobody woke for is found by whoever looks next.
    """

    def __init__(
        self,
        sweep: CronSweep,
        clock: Clock,
        *,
        random: Callable[[], float],
        is_paused: Callable[[], Awaitable[bool]],
    ) -> None:
        """Sweep nothing before `follow` is running, nor while `is_paused`, asked each time."""
        self._sweep = sweep
        self._clock = clock
        self._random = random
        self._is_paused = is_paused

    async def follow(self) -> None:
        """Sweep until cancelled."""
        while True:
            # Not in step with others, so that not all of them look at the same moment.
            wait_s = EVERY_S * (0.75 + self._random() / 2)
            try:
                if not await self._is_paused():
                    while await self._sweep.sweep():
                        pass
                    wait_s = await self._sweep.wait_s(wait_s)
            except StoreUnavailableError:
                # Everybody who needs the database tells of it; here it only takes longer.
                pass
            except Exception:
                # The top of a loop that must not end: the next look may find it mended.
                log.exception("cron.sweep-failed")
            await self._clock.wait_s(wait_s)
