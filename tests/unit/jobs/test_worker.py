"""Emitting ticks, running what they ask for, and healing what crashes leave."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from jobs.attendant import Attendant, Leases, Means, Work
from jobs.job import Job
from jobs.memory import MemoryJobStore
from jobs.reconciler import Reconciler
from jobs.run import MOST_ATTEMPTS, Run, RunClaim, RunStatus, lost
from jobs.ticker import Ticker
from jobs.wakefulness import LEFT_S, SILENT_S, Wakefulness
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus, JobEnded, JobLost, JobsWaiting
from sanderling.schedule.cron import parse_cron
from sanderling.schedule.overlap import Overlap

MINUTELY = Job("sweep", parse_cron("* * * * *"), overlap=Overlap.QUEUE)
JOBS = {"sweep": MINUTELY}


@dataclass
class Bench:
    """One process of workers over a store that may be shared."""

    store: MemoryJobStore = field(default_factory=MemoryJobStore)
    clock: VirtualClock = field(default_factory=VirtualClock)
    announced: list[str] = field(default_factory=list[str])
    ended: list[JobEnded] = field(default_factory=list[JobEnded])
    lost: list[JobLost] = field(default_factory=list[JobLost])
    waiting: list[JobsWaiting] = field(default_factory=list[JobsWaiting])
    is_wanted: bool = True

    def __post_init__(self) -> None:
        """Let one look of this process be like another."""
        self.wakefulness = Wakefulness(self.clock)

    async def announce(self, names: Sequence[str]) -> None:
        """Note what was announced."""
        self.announced.extend(names)

    @property
    def ticker(self) -> Ticker:
        """A ticker of this process."""
        return Ticker(self.store, self.announce, self.clock)

    def attendant(self, work: Work, *, worker: str = "worker-1") -> Attendant:
        """Return who does `work` for the one job."""
        bus = EventBus()
        bus.subscribe(JobEnded, self.ended.append)
        means = Means(
            self.store, {"sweep": work}, self.announce, self.clock, bus, lambda _: self.is_wanted
        )
        return Attendant(means, worker=worker, leases=Leases(30.0, 10.0))

    @property
    def reconciler(self) -> Reconciler:
        """A reconciler of this process."""
        bus = EventBus()
        bus.subscribe(JobLost, self.lost.append)
        bus.subscribe(JobsWaiting, self.waiting.append)
        means = Means(self.store, {"sweep": works}, self.announce, self.clock, bus)
        return Reconciler(means, self.ticker, self.wakefulness, jobs=lambda: JOBS)

    async def emit(self) -> None:
        """Let one tick come and be emitted."""
        await self.ticker.look(JOBS)
        self.clock.advance(60)
        await self.ticker.look(JOBS)

    async def latest(self) -> Run:
        """Return the one run that began."""
        return (await self.store.latest())["sweep"]


async def works(_: Run) -> str:
    """Do what is asked."""
    return "It did."


async def test_many_tickers_emit_each_tick_once() -> None:
    """Three processes that look at the same moments emit what one would."""
    one = Bench()
    others = [Bench(one.store, one.clock) for _ in range(2)]
    await one.ticker.look(JOBS)
    for _ in range(10):
        one.clock.advance(30)
        await asyncio.gather(*(each.ticker.look(JOBS) for each in [one, *others]))

    announced = sum(len(each.announced) for each in [one, *others])

    assert announced == 5


async def test_a_run_is_done_and_told() -> None:
    """Its row says how it ended, and listeners hear how late it began."""
    bench = Bench()
    await bench.emit()
    bench.clock.advance(2)

    await bench.attendant(works).handle("sweep")

    run = await bench.latest()
    assert (run.status, run.detail) == (RunStatus.DONE, "It did.")
    assert [JobEnded("sweep", "done", 0.0, 2.0)] == bench.ended


async def test_a_job_that_breaks_is_told_in_its_own_words() -> None:
    """A failure of ours is told as it is; anything else is left to the log."""
    for error, words in (
        (StoreUnavailableError(reason="it is locked"), "it is locked"),
        (ValueError("secret"), "the log of the worker"),
    ):
        bench = Bench()
        await bench.emit()

        async def breaks(_: Run, error: Exception = error) -> str:
            raise error

        await bench.attendant(breaks).handle("sweep")

        run = await bench.latest()
        assert run.status is RunStatus.FAILED
        assert words in run.detail
        assert "secret" not in run.detail


async def test_a_lease_is_kept_while_the_job_runs() -> None:
    """A run that takes longer than its lease is not taken for lost."""
    bench, done = Bench(), asyncio.Event()
    await bench.emit()

    async def waits(_: Run) -> str:
        await done.wait()
        return "It did."

    task = asyncio.create_task(bench.attendant(waits).handle("sweep"))
    for _ in range(8):
        await _settle()
        bench.clock.advance(10)
        await _settle()
        assert await bench.store.expired(bench.clock.now()) == []
    done.set()
    await task

    assert (await bench.latest()).status is RunStatus.DONE


async def test_a_run_that_is_taken_over_is_ended_and_cannot_write() -> None:
    """Who lost its lease stops, and the one who has it now tells the end."""
    bench, begun = Bench(), list[Run]()
    await bench.emit()

    async def waits(run: Run) -> str:
        begun.append(run)
        await asyncio.Event().wait()
        return "never"

    task = asyncio.create_task(bench.attendant(waits).handle("sweep"))
    await _settle()
    run = await bench.latest()
    assert await bench.store.settle(run, lost(run, bench.clock.now()))
    other = Bench(bench.store, bench.clock)
    await other.attendant(works, worker="worker-2").handle("sweep")
    bench.clock.advance(11)
    await task

    latest = await bench.latest()
    assert len(begun) == 1
    assert (latest.status, latest.worker) == (RunStatus.DONE, "worker-2")
    assert bench.ended == []


async def test_a_worker_that_stops_hands_its_run_on() -> None:
    """The run waits again at once, and the attempt does not count."""
    bench = Bench()
    await bench.emit()

    async def waits(_: Run) -> str:
        await asyncio.Event().wait()
        return "never"

    task = asyncio.create_task(bench.attendant(waits).handle("sweep"))
    await _settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert list(await bench.store.waiting()) == ["sweep"]


class _SlowToClaim(MemoryJobStore):
    """A store whose claims are written before whoever claims hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.claimed, self.goes_on = asyncio.Event(), asyncio.Event()

    async def claim(self, name: str, claim: RunClaim) -> Run | None:
        run = await super().claim(name, claim)
        self.claimed.set()
        await self.goes_on.wait()
        return run


async def test_a_worker_that_stops_while_it_claims_holds_nothing() -> None:
    """A run that was claimed in the moment of the stop waits for others at once."""
    store = _SlowToClaim()
    bench = Bench(store)
    await bench.emit()

    task = asyncio.create_task(bench.attendant(works).handle("sweep"))
    await store.claimed.wait()
    task.cancel()
    await _settle()
    store.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert list(await store.waiting()) == ["sweep"]
    assert (await bench.latest()).attempts == 0


async def test_a_run_that_ends_in_spite_of_the_stop_is_done() -> None:
    """Work that came to its end when it was told to stop is not done again."""
    bench = Bench()
    await bench.emit()

    async def ends_in_time(_: Run) -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "It did."

    task = asyncio.create_task(bench.attendant(ends_in_time).handle("sweep"))
    await _settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (await bench.latest()).status is RunStatus.DONE


async def test_a_run_that_kills_every_worker_is_parked() -> None:
    """After so many lost workers nobody tries it again, and later ticks go on."""
    bench = Bench()
    await bench.emit()
    for _ in range(MOST_ATTEMPTS):
        now = bench.clock.now()
        claim = RunClaim("dying", now, now + timedelta(seconds=5))
        assert await bench.store.claim("sweep", claim) is not None
        bench.clock.advance(6)
        await bench.reconciler.look()

    assert (await bench.latest()).status is RunStatus.PARKED
    assert [event.is_parked for event in bench.lost] == [False] * (MOST_ATTEMPTS - 1) + [True]
    assert not await bench.store.is_busy("sweep")
    bench.clock.advance(60)
    await bench.reconciler.look()
    assert await bench.store.is_busy("sweep")


async def test_what_waits_is_announced_again() -> None:
    """A ticket that was lost costs a look of the reconciler, and no run."""
    bench = Bench()
    await bench.emit()
    bench.announced.clear()

    await bench.reconciler.look()

    assert bench.announced == ["sweep"]
    assert bench.waiting[-1] == JobsWaiting(1)


async def test_a_job_that_was_switched_off_is_not_done() -> None:
    """What waited for it ends without being done, and the next look finds nothing."""
    bench, begun = Bench(is_wanted=False), list[Run]()
    await bench.emit()

    async def notes(run: Run) -> str:
        begun.append(run)
        return "It did."

    await bench.attendant(notes).handle("sweep")

    assert begun == []
    assert (await bench.latest()).status is RunStatus.SKIPPED
    assert not await bench.store.is_busy("sweep")


async def test_a_run_under_way_ends_although_its_job_is_switched_off() -> None:
    """Switching off stops what has not begun, and lets go on what has."""
    bench, done = Bench(), asyncio.Event()
    await bench.emit()

    async def waits(_: Run) -> str:
        await done.wait()
        return "It did."

    task = asyncio.create_task(bench.attendant(waits).handle("sweep"))
    await _settle()
    bench.is_wanted = False
    done.set()
    await task

    assert (await bench.latest()).status is RunStatus.DONE


async def test_a_clock_that_was_far_ahead_silences_no_job() -> None:
    """Once it is right again ticks come as before, and those that ran do not run again."""
    bench = Bench()
    await bench.ticker.look(JOBS)
    ahead = Bench(bench.store, VirtualClock())
    ahead.clock.advance(3600)
    await ahead.ticker.look(JOBS)
    assert await bench.store.claim("sweep", _claim(bench)) is not None

    await bench.ticker.look(JOBS)
    bench.clock.advance(60)
    await bench.ticker.look(JOBS)

    course = (await bench.store.courses())["sweep"]
    assert course.seen_until == bench.clock.now()
    assert bench.announced == ["sweep"]


async def test_a_worker_is_well_while_timers_fire_and_rows_are_read() -> None:
    """Each of the three things that it needs is missed by itself."""
    bench = Bench()
    assert bench.wakefulness.ailments() == ()

    bench.clock.advance(SILENT_S + 1)
    bench.wakefulness.read(["sweep"])
    assert "timer" in "".join(bench.wakefulness.ailments())
    bench.wakefulness.fired()
    assert bench.wakefulness.ailments() == ()
    bench.clock.advance(SILENT_S + 1)
    bench.wakefulness.fired()
    assert "not read" in "".join(bench.wakefulness.ailments())

    bench.clock.advance(LEFT_S)
    bench.wakefulness.fired()
    bench.wakefulness.read(["sweep"])
    assert bench.wakefulness.ailments() == ("A run of sweep waits, and nothing takes it up.",)
    bench.wakefulness.read([])
    assert bench.wakefulness.ailments() == ()


def _claim(bench: Bench) -> RunClaim:
    now = bench.clock.now()
    return RunClaim("worker-1", now, now + timedelta(seconds=30))


async def test_a_job_of_another_release_is_left_alone() -> None:
    """Who does not know a job claims no run of it."""
    bench = Bench()
    await bench.emit()
    stranger = Attendant(
        Means(bench.store, {}, bench.announce, bench.clock, EventBus()), worker="worker-1"
    )

    await stranger.handle("sweep")

    assert list(await bench.store.waiting()) == ["sweep"]


async def test_a_service_that_stood_still_catches_up_by_its_rule() -> None:
    """Of the ticks of an hour without any worker one is run, and the rest are counted."""
    bench = Bench()
    await bench.ticker.look(JOBS)
    bench.clock.advance(3640)
    await bench.reconciler.look()

    course = (await bench.store.courses())["sweep"]
    assert course.missed == 59
    assert bench.announced.count("sweep") >= 1
    assert course.seen_until == bench.clock.now()


async def _settle() -> None:
    """Let every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)
