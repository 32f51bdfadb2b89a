"""Has functions at AWS removed that nothing needs any more: once a week, from each process.

Two processes that do so at the same time do no harm: what is gone is gone.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog

from drivers.port import Driver
from runner.ports import FunctionStore
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure
from sanderling.store import SQLFunctionStore
from sanderling.wiring.foundation import Foundation
from sanderling.wiring.meanwhile import meanwhile
from sanderling.wiring.switching import SwitchingDriver

log = structlog.get_logger()

FIRST_S = 3600.0
"""How long after its start a process looks first; many are restarted more often than weekly."""

WEEK_S = 7 * 24 * 3600.0


def collecting_for(
    switching: SwitchingDriver, foundation: Foundation
) -> AbstractAsyncContextManager[None]:
    """Return what collects by the versions in the database."""
    return collecting(switching, SQLFunctionStore(foundation.database), foundation.clock)


@asynccontextmanager
async def collecting(
    switching: SwitchingDriver, store: FunctionStore, clock: Clock
) -> AsyncGenerator[None]:
    """Collect meanwhile, whenever the driver that serves then has something to collect."""
    async with meanwhile(_collect_weekly(switching, store, clock), name="collecting"):
        yield


async def _collect_weekly(switching: SwitchingDriver, store: FunctionStore, clock: Clock) -> None:
    await clock.wait_s(FIRST_S)
    while True:
        try:
            with switching.in_use() as driver:
                await collect(driver, store, clock)
        except Failure as failure:
            # The database or AWS is away; what is left over waits for the next week.
            log.warning("lambda.not-collected", code=failure.code)
        except Exception:
            # The top of the loop: a defect costs this week and nothing else.
            log.exception("lambda.not-collected", code="defect")
        await clock.wait_s(WEEK_S)


async def collect(driver: Driver, store: FunctionStore, clock: Clock) -> None:
    """Have `driver` remove what no version in `store` references, if it is one that can.

    Raises:
        StoreUnavailableError: the database is away; nothing was removed.
        DriverError: AWS would not tell or remove.

    """
    if driver.name != "lambda":
        return
    # Loaded already, since such a driver is running.
    from drivers.aws_lambda import LambdaDriver  # noqa: PLC0415 - as above.

    if isinstance(driver, LambdaDriver):
        await driver.collect(await store.artifact_keys(), now=clock.now())
