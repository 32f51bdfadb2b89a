"""Makes up for what ends the work on streams: failures that time may heal, and wrong clocks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from jobs.streams.cadence import next_in_turn
from jobs.streams.ports import StreamStore
from jobs.streams.stream import Lane
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus, StreamsRecovered
from sanderling.schedule.cron import Cron

log = structlog.get_logger()

AT_ONCE: Final = 500
"""How many streams one run sets going, so that what broke together does not come back together."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Set streams going again; any number of processes may. `crons` are those of wanted lanes."""

    store: StreamStore
    clock: Clock
    bus: EventBus
    crons: Callable[[], Mapping[Lane, Cron]]

    async def try_failed(self) -> str:
        """Try parked streams once more whose moment has come, and tell how many it was."""
        tried = await self.store.recover(self.clock.now(), limit=AT_ONCE)
        self.bus.publish(StreamsRecovered(len(tried)))
        for stream in tried:
            log.info("stream.tried-again", stream=stream.id, recoveries=stream.recoveries)
        return f"Streams tried again: {len(tried)}."

    async def free_stale(self) -> str:
        """Let streams be due that a wrong clock put off, and tell how many it was."""
        now = self.clock.now()
        freed = await self.store.unstick(now, limit=AT_ONCE)
        for stream in freed:
            log.warning("stream.freed", stream=stream.id)
        hastened = 0
        for lane, cron in self.crons().items():
            hastened += await self.store.hasten(lane, partial(next_in_turn, cron, after=now), now)
        return f"Streams begun anew: {len(freed)}; due earlier than they were: {hastened}."
