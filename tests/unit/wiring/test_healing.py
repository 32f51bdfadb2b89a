"""A driver that could not start with the process is started when what kept it away is gone."""

import asyncio
from types import TracebackType
from typing import Self

from drivers.errors import DriverError
from drivers.memory import MemoryDriver
from drivers.port import HealthState
from sanderling.kernel.clock import VirtualClock
from sanderling.wiring.healing import FIRST_S, MOST_S, healing
from sanderling.wiring.switching import SwitchingDriver


class Cloud:
    """What drivers need; it makes them, and counts which are open."""

    def __init__(self, *, is_away: bool) -> None:
        """Begin reachable or not."""
        self.is_away = is_away
        self.made = 0
        self.open = 0
        self.is_broken = False

    def driver(self) -> "Reaching":
        """Return another driver, not started."""
        self.made += 1
        if self.is_broken:
            raise RuntimeError("a defect")
        return Reaching(self)


class Reaching(MemoryDriver):
    """Starts only while the cloud is there."""

    def __init__(self, cloud: Cloud) -> None:
        """Depend on `cloud`."""
        self._cloud = cloud
        super().__init__({})

    async def __aenter__(self) -> Self:
        """Open, or say that the cloud is away."""
        if self._cloud.is_away:
            raise DriverError(driver="memory", reason="the cloud is away")
        self._cloud.open += 1
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self._cloud.open -= 1
        await super().__aexit__(kind, error, traceback)


async def _pass(clock: VirtualClock, seconds: float) -> None:
    """Let time pass, and everyone act on it."""
    for _ in range(10):
        await asyncio.sleep(0)
    clock.advance(seconds)
    for _ in range(10):
        await asyncio.sleep(0)


async def test_it_serves_once_the_cause_is_gone() -> None:
    """Attempts come further and further apart, at most a minute, and end with success."""
    clock, cloud = VirtualClock(), Cloud(is_away=True)
    async with (
        SwitchingDriver(cloud.driver()) as switching,
        healing(switching, cloud.driver, clock),
    ):
        assert (await switching.health()).state is HealthState.DOWN
        made: list[int] = []
        for seconds in (FIRST_S, 10.0, 20.0, 40.0, MOST_S, MOST_S - 1, 1.0):
            await _pass(clock, seconds)
            made.append(cloud.made)
        cloud.is_away = False
        await _pass(clock, MOST_S)
        health = (await switching.health()).state
        await _pass(clock, 10 * MOST_S)

        assert made == [2, 3, 4, 5, 6, 6, 7]
        assert (health, cloud.made, cloud.open) == (HealthState.OK, 8, 1)
        assert not switching.is_missing
    assert cloud.open == 0


async def test_a_defect_costs_one_attempt() -> None:
    """Whatever the making of a driver meets, the next attempt comes."""
    clock, cloud = VirtualClock(), Cloud(is_away=True)
    async with (
        SwitchingDriver(cloud.driver()) as switching,
        healing(switching, cloud.driver, clock),
    ):
        cloud.is_broken = True
        await _pass(clock, FIRST_S)
        cloud.is_broken = cloud.is_away = False
        await _pass(clock, 2 * FIRST_S)

        assert not switching.is_missing


async def test_a_driver_that_settings_brought_meanwhile_stays() -> None:
    """Nothing is started after it, and what was under way is closed again."""
    clock, cloud = VirtualClock(), Cloud(is_away=True)
    async with (
        SwitchingDriver(cloud.driver()) as switching,
        healing(switching, cloud.driver, clock),
    ):
        cloud.is_away = False
        (await switching.prepare(MemoryDriver({}))).swap()
        await _pass(clock, FIRST_S)

        assert (cloud.made, cloud.open) == (1, 0)


async def test_a_driver_that_serves_is_left_alone() -> None:
    """Where the start went well nothing is tried."""
    clock, cloud = VirtualClock(), Cloud(is_away=False)
    async with (
        SwitchingDriver(cloud.driver()) as switching,
        healing(switching, cloud.driver, clock),
    ):
        await _pass(clock, 10 * MOST_S)

        assert (cloud.made, cloud.open) == (1, 1)


async def test_the_end_of_the_process_does_not_wait_for_it() -> None:
    """A driver that never starts holds nobody up."""
    clock, cloud = VirtualClock(), Cloud(is_away=True)
    async with (
        SwitchingDriver(cloud.driver()) as switching,
        healing(switching, cloud.driver, clock),
    ):
        await _pass(clock, 1.0)

    assert cloud.open == 0
