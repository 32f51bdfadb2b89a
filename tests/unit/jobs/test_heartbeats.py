"""The pulse of a process that runs jobs."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from config.acknowledgement import ProcessLabel
from jobs.heartbeats import ALIVE_S, EVERY_S, REAP_AFTER_S, Heartbeat, Pulse
from jobs.memory_heartbeats import MemoryHeartbeatStore
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from support.stopping import RestlessClock, outlived
from support.waiting import until

FIRST = Heartbeat(ProcessLabel("worker-1", "worker", "host"), 1, ("clean-up",))
DEAD = replace(FIRST, process=ProcessLabel("worker-0", "worker", "host"))


class ShakyStore(MemoryHeartbeatStore):
    """A store whose database can be away, which counts how often it is asked to keep."""

    is_away = False
    asked = 0

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Keep a heartbeat, unless the database is away."""
        self.asked += 1
        if self.is_away:
            raise StoreUnavailableError(reason="it is away")
        await super().beat(heartbeat)


@dataclass
class Chest:
    """A process with a pulse, over a store and a clock of its own."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    heartbeat: Heartbeat = FIRST

    def __post_init__(self) -> None:
        """Prepare the store and the pulse."""
        self.store = ShakyStore(self.clock)
        self.pulse = Pulse(self.store, self.clock, heartbeat=lambda: self.heartbeat)

    @asynccontextmanager
    async def beating(self) -> AsyncGenerator[None]:
        """Beat within."""
        task = asyncio.create_task(self.pulse.follow())
        await until(lambda: self.store.asked == 1)
        yield
        task.cancel()
        await asyncio.wait({task})

    async def beat_again(self) -> None:
        """Let the time between two beats pass until there was a further one."""
        before = self.store.asked
        while self.store.asked == before:
            self.clock.advance(EVERY_S)
            await asyncio.sleep(0)

    async def seen(self) -> list[Heartbeat]:
        """Return what is kept."""
        return [each.heartbeat for each in await self.store.heartbeats()]


async def test_a_change_is_told_at_once() -> None:
    """No time has to pass before others see what is registered now."""
    chest = Chest()
    async with chest.beating():
        chest.heartbeat = replace(FIRST, revision=2, jobs=())
        chest.pulse.changed()
        await until(lambda: chest.store.asked == 2)

        assert [chest.heartbeat] == await chest.seen()

    assert chest.clock.monotonic_ns() == 0


async def test_who_leaves_in_order_is_not_waited_for() -> None:
    """A pulse that ends takes its heartbeat along."""
    chest = Chest()

    async with chest.beating():
        before = await chest.seen()

    assert (before, await chest.seen()) == ([FIRST], [])


async def test_a_pulse_goes_on_when_the_database_is_back() -> None:
    """A beat that cannot be written is left out, and the next one comes in its time."""
    chest = Chest()
    async with chest.beating():
        chest.store.is_away = True
        await chest.beat_again()
        chest.store.is_away = False
        chest.heartbeat = replace(FIRST, revision=2)
        await chest.beat_again()

        assert [chest.heartbeat] == await chest.seen()


async def test_who_fell_silent_is_not_counted_on_and_then_forgotten() -> None:
    """A process that died without a word is told dead first, and leaves the rows later."""
    chest = Chest()
    await chest.store.beat(DEAD)
    chest.clock.advance(ALIVE_S)
    (young,) = await chest.store.heartbeats()
    chest.clock.advance(1)
    (old,) = await chest.store.heartbeats()

    chest.store.asked = 0
    async with chest.beating():
        chest.clock.advance(REAP_AFTER_S)
        await chest.beat_again()

        assert FIRST in await chest.seen()
        assert DEAD not in await chest.seen()
    assert (young.is_alive, old.is_alive) == (True, False)


async def test_process_that_leaves_amid_a_beat_leaves() -> None:
    """Wherever it is told to end: it withdraws, and does not go on."""
    clock = RestlessClock()
    store = MemoryHeartbeatStore(clock)

    def follow() -> Coroutine[object, object, None]:
        return Pulse(store, clock, heartbeat=lambda: FIRST).follow()

    assert await outlived(follow) == []
    assert await store.heartbeats() == []
