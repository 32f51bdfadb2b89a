"""Another driver takes over without a call noticing."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import pytest

from drivers.errors import DriverError
from drivers.memory import MemoryDriver
from drivers.port import (
    Artifact,
    ArtifactKey,
    Digest,
    Health,
    HealthState,
    Invocation,
    OutcomeKind,
)
from runner.function import Definition
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.wiring.switching import SwitchingDriver
from support.river import ECHO, River

KEY = ArtifactKey(WorkspaceId("ws"), FunctionId("fn"), Digest("0" * 64))
ARTIFACT = Artifact(KEY, ECHO)


class Watched(MemoryDriver):
    """Knows whether it is open, and holds calls until it is told to go on."""

    def __init__(self, *, health: HealthState = HealthState.OK, trouble: str = "") -> None:
        """Say `health` when asked; with `trouble`, meet it at the start."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_open = False
        self.was_closed = False
        self._health = health
        self._trouble = trouble
        super().__init__({ECHO: lambda event, _: self._answer(event)})

    async def _answer(self, event: object) -> str:
        await self.gate.wait()
        return f"{self.is_open} {event}"

    async def __aenter__(self) -> Self:
        """Open, or meet the trouble."""
        if self._trouble:
            raise DriverError(driver="memory", reason=self._trouble)
        self.is_open = True
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.is_open, self.was_closed = False, True
        await super().__aexit__(kind, error, traceback)

    async def health(self) -> Health:
        """Say what it was told to say."""
        reasons = () if self._health is HealthState.OK else ("It is broken.",)
        return Health(self._health, reasons)


def invoke(driver: SwitchingDriver) -> "asyncio.Task[object]":
    """Begin one call and return its task, which gives the result."""

    async def call() -> object:
        outcome = await driver.invoke(Invocation(CallId("call"), KEY, b"1"))
        return outcome.result if outcome.kind is OutcomeKind.OK else outcome.kind

    return asyncio.create_task(call())


async def settle(condition: Callable[[], bool] = lambda: True) -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert condition()


async def test_a_call_ends_on_the_driver_that_it_began_on() -> None:
    """The old driver stays open until its last call is done, and new calls meet the new one."""
    old, new = Watched(), Watched()
    async with SwitchingDriver(old) as driver:
        await driver.deploy(ARTIFACT)
        old.gate.clear()
        waiting = invoke(driver)
        await settle()

        (await driver.prepare(new)).swap()
        await settle(lambda: old.is_open and new.is_open)
        assert await invoke(driver) is OutcomeKind.NOT_DEPLOYED
        await driver.deploy(ARTIFACT)
        assert await invoke(driver) == "True 1"

        old.gate.set()
        assert await waiting == "True 1"
        await settle(lambda: old.was_closed and not old.is_open)

    assert new.was_closed


async def test_leaving_waits_for_calls_on_every_driver() -> None:
    """A process that stops drops no call, however many drivers it had."""
    old, new = Watched(), Watched()
    driver = SwitchingDriver(old)
    async with driver:
        await driver.deploy(ARTIFACT)
        old.gate.clear()
        first = invoke(driver)
        await settle()
        (await driver.prepare(new)).swap()
        await driver.deploy(ARTIFACT)
        new.gate.clear()
        second = invoke(driver)
        await settle()
        leaving = asyncio.create_task(driver.__aexit__(None, None, None))
        await settle(lambda: not leaving.done())
        old.gate.set()
        new.gate.set()
        await leaving
        assert [await first, await second] == ["True 1", "True 1"]
        await driver.__aenter__()

    assert old.was_closed
    assert new.was_closed


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda: Watched(trouble="seccomp is missing"), "seccomp is missing"),
        (lambda: Watched(health=HealthState.DOWN), "It is broken"),
    ],
)
async def test_a_driver_that_cannot_serve_does_not_take_over(
    broken: Callable[[], Watched], reason: str
) -> None:
    """It is closed again, and the old one goes on."""
    old, new = Watched(), broken()
    async with SwitchingDriver(old) as driver:
        await driver.deploy(ARTIFACT)

        with pytest.raises(DriverError, match=reason):
            await driver.prepare(new)

        assert not new.is_open
        assert await invoke(driver) == "True 1"


async def test_a_prepared_driver_can_be_given_back() -> None:
    """Whoever prepares and then does not swap leaves nothing running."""
    new = Watched()
    async with SwitchingDriver(Watched()) as driver:
        prepared = await driver.prepare(new)
        assert new.is_open

        await prepared.discard()

        assert new.was_closed


async def test_a_first_driver_that_cannot_start_can_be_replaced() -> None:
    """The process runs without functions until settings name a driver that works."""
    async with SwitchingDriver(Watched(trouble="seccomp is missing")) as driver:
        assert await invoke(driver) is OutcomeKind.MISCONFIGURED
        assert (await driver.health()).state is HealthState.DOWN

        (await driver.prepare(Watched())).swap()
        await driver.deploy(ARTIFACT)

        assert await invoke(driver) == "True 1"


async def test_it_is_not_used_before_it_is_started() -> None:
    """A mistake of ours is told as a fault."""
    driver = SwitchingDriver(Watched())

    assert driver.name == "memory"
    with pytest.raises(DriverError, match="not started"):
        await driver.invoke(Invocation(CallId("call"), KEY, b"1"))


async def test_no_call_down_the_river_fails_while_drivers_change() -> None:
    """Deploying to one driver and calling another one is mended on the way, 200 calls at a time."""
    driver = SwitchingDriver(Watched())
    async with driver:
        river = River(driver=driver)
        caller = await river.caller()
        await river.publish(caller, definition=Definition(ECHO))

        async def swap_often() -> None:
            for _ in range(50):
                (await driver.prepare(Watched())).swap()
                await asyncio.sleep(0)

        kinds: set[OutcomeKind] = set()

        async def call_often() -> None:
            for _ in range(5):
                report = await river.call(caller)
                kinds.add(report.record.outcome.kind)

        await asyncio.gather(swap_often(), *(call_often() for _ in range(200)))

    assert kinds == {OutcomeKind.OK}
