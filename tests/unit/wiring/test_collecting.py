"""A process looks once a week for functions at AWS that nothing needs."""

import asyncio
from types import TracebackType
from typing import Any, Self

from drivers.aws_lambda import LambdaDriver, LambdaSettings
from drivers.errors import DriverError
from drivers.memory import MemoryDriver
from drivers.port import ArtifactKey
from runner.memory import MemoryFunctionStore
from sanderling.kernel.clock import VirtualClock
from sanderling.wiring.collecting import FIRST_S, WEEK_S, collecting
from sanderling.wiring.switching import SwitchingDriver
from support.records import a_function, a_version

SETTINGS = LambdaSettings(region="eu-central-1", role="arn:aws:iam::1:role/functions")


class Watched(LambdaDriver):
    """Starts nothing, and notes what is to be kept; fails the first time."""

    def __init__(self) -> None:
        """Begin with a failure to come."""
        super().__init__(SETTINGS)
        self.kept = list[frozenset[ArtifactKey]]()

    async def __aenter__(self) -> Self:
        """Start nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End nothing."""

    async def collect(self, keep: Any, **_: Any) -> Any:
        """Note what is asked."""
        self.kept.append(keep)
        if len(self.kept) == 1:
            raise DriverError(driver="lambda", reason="it is away")


async def _pass(clock: VirtualClock, seconds: float) -> None:
    """Let time pass, and everyone act on it."""
    for _ in range(5):
        await asyncio.sleep(0)
    clock.advance(seconds)
    for _ in range(5):
        await asyncio.sleep(0)


async def test_it_looks_an_hour_after_the_start_and_every_week_then() -> None:
    """A failure costs one week, and what is kept are the versions of the store."""
    clock, driver, store = VirtualClock(), Watched(), MemoryFunctionStore()
    function = a_function()
    await store.add_function(function)
    await store.add_version(a_version(function))

    async with SwitchingDriver(driver) as switching, collecting(switching, store, clock):
        await _pass(clock, FIRST_S - 1)
        early = len(driver.kept)
        await _pass(clock, 1)
        await _pass(clock, WEEK_S)

    assert early == 0
    assert driver.kept == [frozenset({a_version(function).artifact_key})] * 2


async def test_other_drivers_have_nothing_to_collect() -> None:
    """A driver without functions elsewhere is left alone."""
    clock = VirtualClock()

    async with (
        SwitchingDriver(MemoryDriver()) as switching,
        collecting(switching, MemoryFunctionStore(), clock),
    ):
        await _pass(clock, FIRST_S)

        assert switching.name == "memory"
