"""Starts the driver again that could not start with the process, until it does.

What kept it away may pass without anybody changing a setting: a cloud that was out of reach, a
permission that was missing, a machine too busy to prove its walls in time.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import structlog

from drivers.errors import DriverError
from drivers.port import Driver
from sanderling.kernel.clock import Clock
from sanderling.wiring.meanwhile import meanwhile
from sanderling.wiring.switching import SwitchingDriver

FIRST_S = 5.0
MOST_S = 60.0

log = structlog.get_logger()


@asynccontextmanager
async def healing(
    switching: SwitchingDriver, build: Callable[[], Driver], clock: Clock
) -> AsyncGenerator[None]:
    """Try meanwhile; `build` returns the driver that settings named at the start, not started.

    The waits double, from 5 s to a minute. It ends with the first driver that serves, also if a
    change of settings brought it.
    """
    if not switching.is_missing:
        yield
        return
    async with meanwhile(_heal(switching, build, clock), name="healing"):
        yield


async def _heal(switching: SwitchingDriver, build: Callable[[], Driver], clock: Clock) -> None:
    wait_s = FIRST_S
    while True:
        await clock.wait_s(wait_s)
        if not switching.is_missing:
            return
        try:
            prepared = await switching.prepare(build())
        except DriverError as error:
            log.warning("driver.still-missing", driver=switching.name, reason=error.detail)
        except Exception:
            # The top of the loop: a defect costs this attempt and nothing else.
            log.exception("driver.still-missing", driver=switching.name)
        else:
            if switching.is_missing:
                prepared.swap()
            else:
                await prepared.discard()
            return
        wait_s = min(2 * wait_s, MOST_S)
