"""Runs one slice of a stream and says what became of the stream."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from jobs.streams.cadence import next_in_turn
from jobs.streams.errors import HoldOver, LeaseLost
from jobs.streams.steps import broken, given_back, settled
from jobs.streams.stream import Channel, Due, Lane, SliceResult, Stream, StreamWork
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus, SliceEnded
from sanderling.schedule.cron import Cron

log = structlog.get_logger()

_BROKEN: Final = "Something broke on our side; the log of the worker tells more."
_TOO_LONG: Final = "A slice took too long and was stopped."
_AWAY: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Slices:
    """Run slices with what does the work of each channel; one event loop owns it.

    `crons` holds the cadence of each lane that is wanted now.
    """

    works: Mapping[Channel, StreamWork]
    clock: Clock
    bus: EventBus
    slice_s: float
    crons: Mapping[Lane, Cron] = field(default_factory=dict[Lane, Cron])

    async def run(self, stream: Stream) -> Stream | None:
        """Return the stream after a slice; None when another worker has it.

        Cancelled, it returns the stream given back.
        """
        began = self.clock.now()
        lag_s = max(0.0, (began - stream.next_due_at).total_seconds())
        after, outcome = await self._outcome(stream)
        duration_s = (self.clock.now() - began).total_seconds()
        self.bus.publish(
            SliceEnded(stream.channel.value, stream.phase.value, outcome, duration_s, lag_s)
        )
        return after

    async def _outcome(self, stream: Stream) -> tuple[Stream | None, str]:
        work = self.works[stream.channel]
        try:
            async with asyncio.timeout(self.slice_s):
                result = await work(stream, stream.lease())
        except (asyncio.CancelledError, HoldOver):
            return given_back(stream, self.clock.now(), stream.next_due_at), "given_back"
        except LeaseLost:
            log.warning("stream.lease-lost", stream=stream.id)
            return None, "given_back"
        except StoreUnavailableError:
            now = self.clock.now()
            return given_back(stream, now, now + _AWAY), "given_back"
        except TimeoutError:
            log.warning("stream.stopped", stream=stream.id, channel=stream.channel.value)
            return broken(stream, _TOO_LONG, self.clock.now()), "broken"
        except Exception:
            # The top of what others wrote: one stream's defect must not end the others.
            log.exception("stream.broken", stream=stream.id, channel=stream.channel.value)
            return broken(stream, _BROKEN, self.clock.now()), "broken"
        now = self.clock.now()
        after = settled(stream, result, now, self._due_at(stream, result, now))
        return after, "done" if result.failure is None else "failed"

    def _due_at(self, stream: Stream, result: SliceResult, now: datetime) -> datetime:
        if isinstance(result.due, datetime):
            return result.due
        cron = self.crons.get(Lane(stream.channel, result.phase))
        if result.due is Due.AT_ONCE or cron is None:
            # A lane that nobody sweeps any more begins at once when somebody does again.
            return now
        return next_in_turn(cron, stream.id, after=now)
