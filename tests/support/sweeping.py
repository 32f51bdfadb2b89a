"""Sweepers of as many processes as a test wants, over one store and one clock."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from jobs.streams.holding import SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.stream import (
    AccountId,
    Channel,
    Lane,
    Lease,
    SliceResult,
    Stream,
    StreamClaim,
    StreamId,
    StreamWork,
)
from jobs.streams.sweeper import Sweeper, SweepMeans
from jobs.streams.trust import Trust
from sanderling.fairness.memory import MemorySlots
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus, SliceEnded, StreamsDue, StreamsHealed
from sanderling.schedule.cron import parse_cron
from support.records import START
from support.streams import DONE

LIST_JOB, IMPORT_JOB = "gmail-message-list-fetch", "gmail-messages-import"
MINUTELY = {LIST_JOB: parse_cron("* * * * *"), IMPORT_JOB: parse_cron("* * * * *")}
_SETTLED_TURNS = 200


async def nothing_new(stream: Stream, lease: Lease) -> SliceResult:
    """Do a slice that finds nothing."""
    assert lease == stream.lease()
    return DONE


async def never(_stream: Stream, _lease: Lease) -> SliceResult:
    """Do a slice that does not end."""
    await asyncio.Event().wait()
    return DONE


class FaultyStore(MemoryStreamStore):
    """A store that is away for as long as a test says."""

    is_away = False

    def __init__(self) -> None:
        """Answer whoever claims at once."""
        super().__init__()
        self.claimed, self.answers_claims = asyncio.Event(), asyncio.Event()
        self.answers_claims.set()
        self.answers_renewals = asyncio.Event()
        self.answers_renewals.set()

    async def claim(
        self, lane: Lane, claim: StreamClaim, *, limit: int, trust: Trust = Trust.FULL
    ) -> Sequence[Stream]:
        """Claim; whoever claims hears of it when `answers_claims` is set."""
        claimed = await super().claim(lane, claim, limit=limit, trust=trust)
        self.claimed.set()
        await self.answers_claims.wait()
        return claimed

    async def renew(self, leases: Sequence[Lease], *, until: datetime) -> frozenset[StreamId]:
        """Lengthen leases; whoever asks waits until `answers_renewals` is set."""
        await self.answers_renewals.wait()
        return await super().renew(leases, until=until)

    async def settle(self, ended: object) -> frozenset[StreamId]:
        """Write ends, unless it is away."""
        if self.is_away:
            raise StoreUnavailableError(reason="it is away")
        return await super().settle(ended)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - passed on as it came.


@dataclass
class Bench:
    """A store, a clock, and the sweepers of as many processes as a test wants."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    store: FaultyStore = field(default_factory=FaultyStore)
    paused: set[str] = field(default_factory=set[str])
    ended: list[SliceEnded] = field(default_factory=list[SliceEnded])
    due: list[StreamsDue] = field(default_factory=list[StreamsDue])
    healed: list[StreamsHealed] = field(default_factory=list[StreamsHealed])
    numbers: Callable[[], int] = field(default_factory=lambda: count().__next__)

    def __post_init__(self) -> None:
        """Count slots together."""
        self.holds = Holds(self.clock)
        self.slots = MemorySlots(self.clock, token=lambda: str(self.numbers()))

    async def names(self) -> Collection[str]:
        """Return the jobs that somebody paused."""
        return self.paused

    def sweeper(
        self, work: StreamWork, *, worker: str = "worker-1", bounds: SweepBounds | None = None
    ) -> Sweeper:
        """Return a sweeper of Gmail."""
        bus = EventBus()
        bus.subscribe(SliceEnded, self.ended.append)
        bus.subscribe(StreamsHealed, self.healed.append)
        bus.subscribe(StreamsDue, self.due.append)
        means = SweepMeans(
            self.store,
            {Channel.GMAIL: work},
            self.slots,
            self.names,
            self.clock,
            bus,
            lambda: 0.5,
            self.holds,
        )
        made = Sweeper(means, worker=worker, bounds=bounds)
        made.follow(MINUTELY)
        return made

    async def kept(self, account: str = "a") -> Stream:
        """Return an account's stream as it is kept."""
        return (await self.store.of_account(AccountId(account)))[0]

    async def pass_s(self, duration_s: float) -> None:
        """Let time pass, second by second, and everything that it leads to happen."""
        await settle()
        for _ in range(round(duration_s)):
            self.clock.advance(1)
            await settle()


async def settle() -> None:
    """Let every task do what it can without time passing."""
    for _ in range(_SETTLED_TURNS):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(sweeper: Sweeper) -> AsyncGenerator[asyncio.Task[None]]:
    """Sweep for as long as the block lasts, and stop in order."""
    task = asyncio.create_task(sweeper.run())
    await settle()
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
