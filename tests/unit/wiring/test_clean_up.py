"""What jobs do for the instance itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.memory import MemoryConfigStore
from config.variables import Settings
from drivers.port import HealthState
from jobs.accounts.ahead import TokensAhead
from jobs.catalogue import CLEAN_UP, FUNCTION_CRON, KNOWN_JOBS, JobKind
from jobs.heartbeats import ALIVE_S, Heartbeat
from jobs.job import RunId
from jobs.memory import MemoryJobStore
from jobs.memory_heartbeats import MemoryHeartbeatStore
from jobs.run import Run
from jobs.streams.lanes import LANES
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.recovery import Recovery
from jobs.sync.history import MemorySliceHistory
from runner.executions.memory import MemoryExecutionStore
from runner.memory import MemoryCallLog
from runner.retention import Retention, RetentionPolicy
from runner.triggers.memory_outbox import MemoryRecordOutbox
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus
from sanderling.wiring.account_jobs import account_works, lanes_of
from sanderling.wiring.attendance import attendance
from sanderling.wiring.clean_up import Kept, works_of
from sanderling.wiring.configuration import label_process
from support.lookout import Lookout
from support.tokens import a_house

RUN = Run(RunId("a run"), CLEAN_UP, VirtualClock().now())


class Ticking(VirtualClock):
    """A clock whose waits are over at once, and counted."""

    waits = 0

    async def wait_s(self, duration_s: float) -> None:
        """Let the time pass."""
        self.waits += 1
        self.advance(duration_s)


@dataclass
class Left(MemoryExecutionStore):
    """A store in which so many rows are left from before."""

    rows: int = 1200
    asked: tuple[datetime, datetime] | None = None

    def __post_init__(self) -> None:
        """Start as the store that it is."""
        super().__init__()

    async def forget(self, *, finished_before: datetime, now: datetime, limit: int) -> int:
        """Remove as many as are left, and note for which moments."""
        self.asked = (finished_before, now)
        gone = min(limit, self.rows)
        self.rows -= gone
        return gone


def _kept(clock: VirtualClock, executions: MemoryExecutionStore, days: int) -> Kept:
    policy = RetentionPolicy()
    return Kept(
        executions=executions,
        outbox=MemoryRecordOutbox(),
        runs=MemoryJobStore(),
        slices=MemorySliceHistory(lambda _: True),
        configuration=MemoryConfigStore(clock),
        retention=Retention(MemoryCallLog(), clock, EventBus(), policy),
        settings=lambda: Settings(executions_retention_days=days),
        clock=clock,
    )


async def test_what_is_left_goes_in_steps_that_leave_room() -> None:
    """However much it is, one run removes all of it, with a pause after each transaction."""
    clock, store = Ticking(), Left()
    began_at = clock.now()

    told = await works_of(_kept(clock, store, days=3))[CLEAN_UP](RUN)

    assert store.rows == 0
    assert store.asked == (began_at - timedelta(days=3), began_at)
    assert clock.waits == 3
    assert told.startswith("Removed: 1200 executions and idempotency keys, 0 record events")


async def test_every_known_job_has_its_work() -> None:
    """A worker can do each job that it may register, and each tells in a sentence what it did.

    Sweepers have no runs: a lane says what they look for, or they look for cron triggers.
    """
    clock = Ticking()
    kept = _kept(clock, Left(), days=30)
    house = await a_house()
    ahead = TokensAhead(house.store, house.sign_in, house.tokens, clock)
    recovery = Recovery(MemoryStreamStore(), clock, EventBus(), lambda: lanes_of(kept.settings()))
    works = {**works_of(kept), **account_works(recovery, ahead, Lookout().renewal())}
    names = {kind: {job.name for job in KNOWN_JOBS if job.kind is kind} for kind in JobKind}

    assert set(works) == names[JobKind.JOB]
    assert {*LANES, FUNCTION_CRON} == names[JobKind.SWEEPER]
    assert all([(await work(RUN)).endswith(".") for work in works.values()])


async def test_somebody_who_is_alive_has_to_have_the_jobs() -> None:
    """A worker that leaves jobs to others does not count, and neither does one that is silent."""
    clock = VirtualClock()
    store = MemoryHeartbeatStore(clock)
    nobody = await attendance(store)
    await store.beat(Heartbeat(label_process("worker"), 1, ()))
    idle = await attendance(store)
    await store.beat(Heartbeat(label_process("worker"), 1, (CLEAN_UP,)))
    there = await attendance(store)
    clock.advance(ALIVE_S + 1)
    silent = await attendance(store)

    assert [each.state for each in (nobody, idle, there, silent)] == [
        HealthState.DEGRADED,
        HealthState.DEGRADED,
        HealthState.OK,
        HealthState.DEGRADED,
    ]
