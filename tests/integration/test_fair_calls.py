"""Calls of several workspaces on the real sandbox: the noisy one waits, and the quiet ones not."""

import asyncio
from collections.abc import AsyncGenerator
from statistics import median

import pytest

from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.port import OutcomeKind
from runner.dispatch import Dispatch
from runner.fairness.concurrency import Concurrency
from runner.fairness.turnstile import Turnstile
from runner.function import Definition
from sanderling.kernel.units import MIB
from support.fairness import NOISY, QUIET
from support.river import Caller, River
from support.waiting import until

pytestmark = pytest.mark.slow

BUSY = "import time\ndef handler(event, context):\n    time.sleep(0.01)\n    return event\n"
PLACES = 4
MEMORY = 32 * MIB


class House:
    """A river over a real driver, with two workspaces that call the same code."""

    def __init__(self, river: River, turnstile: Turnstile, noisy: Caller, quiet: Caller) -> None:
        """Take what was joined."""
        self.river = river
        self.turnstile = turnstile
        self.noisy = noisy
        self.quiet = quiet
        self.ended: list[str] = []

    async def call(self, caller: Caller, name: str = "busy") -> OutcomeKind:
        """Run one call and note when it ended."""
        report = await self.river.call(caller, name)
        self.ended.append(caller.principal.workspace_id)
        return report.record.outcome.kind


@pytest.fixture
async def house() -> AsyncGenerator[House]:
    """Yield a house whose driver has memory for four calls at once."""
    settings = LocalSettings(spares=2, memory_budget_bytes=PLACES * MEMORY)
    async with LocalDriver(settings) as driver:
        turnstile = Turnstile(
            Concurrency(memory_bytes=PLACES * MEMORY, queue_limit=250, queue_wait_s=60)
        )
        river = River(driver=driver, dispatch=lambda one, store: Dispatch(one, store, turnstile))
        noisy = await river.caller(workspace_id=NOISY)
        quiet = await river.caller(workspace_id=QUIET)
        for caller in (noisy, quiet):
            definition = Definition(BUSY, limits=Limits(memory_bytes=MEMORY))
            await river.publish(caller, "busy", definition)
            await river.call(caller, "busy")
        yield House(river, turnstile, noisy, quiet)


async def test_quiet_callers_pass_hundreds_of_noisy_ones(house: House) -> None:
    """Every quiet call ends before nine tenths of the noisy ones that came before it."""
    flood = [asyncio.create_task(house.call(house.noisy)) for _ in range(200)]
    await until(lambda: house.turnstile.statistics().waiting > 150)

    for _ in range(5):
        assert await house.call(house.quiet) is OutcomeKind.OK

    assert house.ended.count(NOISY) < 100
    ends = [place for place, workspace in enumerate(house.ended) if workspace == QUIET]
    assert median(ends) < 50
    assert set(await asyncio.gather(*flood)) == {OutcomeKind.OK}
    statistics = house.turnstile.statistics()
    assert (statistics.inside, statistics.waiting) == (0, 0)


async def test_a_flood_beyond_the_line_is_told_so_and_others_are_served(house: House) -> None:
    """The noisy workspace's own youngest calls are turned away, and no quiet one is."""
    flood = [asyncio.create_task(house.call(house.noisy)) for _ in range(300)]
    await until(lambda: any(task.done() for task in flood))

    quiet = await asyncio.gather(*[house.call(house.quiet) for _ in range(20)])

    assert set(quiet) == {OutcomeKind.OK}
    kinds = await asyncio.gather(*flood)
    assert set(kinds) == {OutcomeKind.OK, OutcomeKind.SATURATED}
    assert kinds.count(OutcomeKind.SATURATED) >= 46


async def test_callers_that_go_away_leave_room(house: House) -> None:
    """Whoever is cancelled, in the line or inside, holds nothing back."""
    flood = [asyncio.create_task(house.call(house.noisy)) for _ in range(100)]
    await until(lambda: house.turnstile.statistics().waiting > 80)

    for task in flood:
        task.cancel()
    await asyncio.gather(*flood, return_exceptions=True)

    assert house.turnstile.statistics().inside == 0
    assert await house.call(house.quiet) is OutcomeKind.OK


async def test_a_functions_own_concurrency_is_kept(house: House) -> None:
    """One call at a time, as it asked for, while others of its workspace run beside it."""
    limits = Limits(memory_bytes=MEMORY)
    definition = Definition(BUSY, limits=limits, concurrency=1)
    await house.river.publish(house.noisy, "single", definition)
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, house.turnstile.statistics().inside)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    kinds = await asyncio.gather(*[house.call(house.noisy, "single") for _ in range(10)])
    watching.cancel()

    assert set(kinds) == {OutcomeKind.OK}
    assert most == 1
