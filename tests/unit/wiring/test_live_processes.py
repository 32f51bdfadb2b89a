"""How many processes share the limits, as the wiring knows it."""

import asyncio

from config.acknowledgement import (
    Acknowledgement,
    AcknowledgementState,
    ProcessLabel,
    SeenAcknowledgement,
)
from config.configuration import LIVE_WITHIN_S
from config.memory import MemoryConfigStore
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.wiring.live_processes import LOOK_EVERY_S, LiveProcesses, live_processes


async def _speak(store: MemoryConfigStore, *names: str) -> None:
    for name in names:
        label = ProcessLabel(name, "serve", "host")
        await store.acknowledge(Acknowledgement(label, 1, AcknowledgementState.APPLIED, 1))


async def test_those_that_spoke_lately_are_counted() -> None:
    """A process that fell silent does not count, and there is always this one."""
    clock = VirtualClock()
    store = MemoryConfigStore(clock)
    processes = LiveProcesses(store, clock)
    assert processes.count() == 1

    await _speak(store, "a", "b", "c")
    await processes.look()
    assert processes.count() == 3

    clock.advance(LIVE_WITHIN_S + 1)
    await _speak(store, "b", "c")
    await processes.look()
    assert processes.count() == 2


class _Away(MemoryConfigStore):
    is_away = False

    async def list_acknowledgements(self) -> tuple[SeenAcknowledgement, ...]:
        if self.is_away:
            raise StoreUnavailableError(reason="it is away")
        return await super().list_acknowledgements()


async def test_without_the_database_the_last_number_stays() -> None:
    """An outage of the database does not turn four processes into one."""
    clock = VirtualClock()
    store = _Away(clock)
    processes = LiveProcesses(store, clock)
    await _speak(store, "a", "b", "c", "d")
    await processes.look()

    store.is_away = True
    await processes.look()

    assert processes.count() == 4


async def test_the_number_is_looked_up_again_and_again() -> None:
    """A process that comes is counted at the next look, without being asked."""
    clock = VirtualClock()
    store = MemoryConfigStore(clock)
    async with live_processes(store, clock) as processes:
        await asyncio.sleep(0)
        await _speak(store, "a", "b")
        assert processes.count() == 1

        clock.advance(LOOK_EVERY_S)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert processes.count() == 2
