"""What is not there yet, or no longer, neither hurts what is there nor leaves anything behind."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest

from drivers.errors import DriverError
from drivers.guest.flavour import PLAIN
from drivers.guest.messages import MOST_FORKS
from drivers.local import LocalDriver, LocalSettings
from drivers.local.switchboard import Switchboard
from drivers.local.worker import Worker
from drivers.local.zygote import ZygoteProcess
from drivers.port import HealthState, OutcomeKind
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.sandbox import children_of
from support.waiting import until

pytestmark = pytest.mark.slow

SETTINGS = LocalSettings(spares=1)
IMPORTS = f"import math\n{ECHO.source}"


async def test_the_driver_stays_ready_while_the_library_is_loaded() -> None:
    """The first function that imports waits for its zygote; nobody else hears of it."""
    async with LocalDriver(SETTINGS) as driver:
        deploying = asyncio.create_task(driver.deploy(an_artifact(IMPORTS)))
        states: set[HealthState] = set()
        while not deploying.done():
            states.add((await driver.health()).state)
            await asyncio.sleep(0.001)

    assert (await deploying).kind is OutcomeKind.OK
    assert states == {HealthState.OK}


async def test_a_library_that_cannot_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions that import nothing are served, health names the others, and trying again helps."""
    plain = an_artifact(ECHO.source)

    def refuse() -> str:
        raise DriverError(driver="local", reason="no zones today")

    async with LocalDriver(SETTINGS) as driver:
        await driver.deploy(plain)
        with monkeypatch.context() as patched:
            patched.setattr("drivers.local.zygote.find_zones_folder", refuse)
            refused = await driver.deploy(an_artifact(IMPORTS))
            hurt = await driver.health()
            served = await driver.invoke(an_invocation(plain, 1))
        healed = await driver.deploy(an_artifact(IMPORTS))
        well = await driver.health()

    assert refused.kind is OutcomeKind.PLATFORM_ERROR
    assert hurt.state is HealthState.DEGRADED
    assert "no zones today" in hurt.reasons[0]
    assert served.result == 1
    assert healed.kind is OutcomeKind.OK
    assert (well.state, well.reasons) == (HealthState.OK, ())


async def test_closing_waits_for_a_compilation_and_takes_no_other() -> None:
    """Whoever deploys at the end gets an answer, and no zygote is started for them."""
    before = set(children_of(os.getpid()))
    async with LocalDriver(SETTINGS) as driver:
        deploying = asyncio.create_task(driver.deploy(an_artifact(IMPORTS)))
        await asyncio.sleep(0)

    assert (await deploying).kind is OutcomeKind.OK
    late = await driver.deploy(an_artifact(IMPORTS + "# late\n"))
    assert late.kind is OutcomeKind.PLATFORM_ERROR
    assert "closing" in late.detail
    assert set(children_of(os.getpid())) == before


async def test_a_zygote_without_a_descriptor_to_watch_it_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host that ran out of descriptors leaves no process that nobody reaps."""
    before = set(children_of(os.getpid()))

    def refuse(_pid: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", refuse)

    with pytest.raises(DriverError, match="Too many open files"):
        await ZygoteProcess(PLAIN, SETTINGS, lambda: None).start()

    assert set(children_of(os.getpid())) == before


@dataclass(frozen=True)
class Nursery:
    """A zygote without a pool, and what its workers are heard over."""

    zygote: ZygoteProcess
    pid: int
    switchboard: Switchboard

    def fork(self, count: int) -> Sequence[Worker]:
        """Ask for workers in one message."""
        return self.zygote.fork_many(count, self.switchboard, lambda _worker: None)


@pytest.fixture
async def nursery() -> AsyncIterator[Nursery]:
    """Start a zygote, and end it."""
    others = set(children_of(os.getpid()))
    zygote = ZygoteProcess(PLAIN, SETTINGS, lambda: None)
    switchboard = Switchboard()
    await zygote.start()
    (pid,) = set(children_of(os.getpid())) - others
    yield Nursery(zygote, pid, switchboard)
    await zygote.end()
    switchboard.close()


async def test_a_lost_worker_can_be_settled(nursery: Nursery) -> None:
    """Its socket is closed; who takes it hears so by the exchange, which is tried again."""
    (worker,) = nursery.fork(1)
    await until(lambda: worker.is_ready)
    worker.discard()

    worker.settle()

    assert worker.is_lost


async def test_workers_that_were_let_go_are_reaped_though_nobody_asks_for_others(
    nursery: Nursery,
) -> None:
    """Several come of one message, each for itself, and of none a dead process stays."""
    workers = nursery.fork(3)
    await until(lambda: all(worker.is_idle for worker in workers))
    assert len(children_of(nursery.pid)) == 3

    workers[1].discard()
    await until(lambda: len(children_of(nursery.pid)) == 2)
    assert workers[0].is_idle
    for worker in workers:
        worker.discard()
    await until(lambda: not children_of(nursery.pid))


async def test_a_worker_that_is_let_go_before_it_is_there_is_ended(nursery: Nursery) -> None:
    """Whoever changes their mind at once leaves no process behind."""
    first, second = nursery.fork(2)
    first.discard()
    await until(lambda: second.is_idle and len(children_of(nursery.pid)) == 1)


async def test_the_pool_is_full_again_soon_after_a_call() -> None:
    """What a single call took is forked without another call asking for it."""
    artifact = an_artifact(ECHO.source)
    async with LocalDriver(LocalSettings(spares=4)) as driver:
        await driver.deploy(artifact)
        assert (await driver.invoke(an_invocation(artifact, 1))).result == 1

        async def is_full() -> bool:
            return (await driver.health()).numbers["spares"] == 4

        await until(is_full)


async def test_a_driver_has_all_its_spares_from_the_start() -> None:
    """Also where there are more than one message to the zygote asks for."""
    async with LocalDriver(LocalSettings(spares=MOST_FORKS + 4)) as driver:
        numbers = (await driver.health()).numbers

    assert numbers["spares"] == MOST_FORKS + 4


async def test_ending_a_zygote_is_finished_though_whoever_asked_is_cancelled() -> None:
    """A start that fails while its driver closes leaves no process behind for a moment either."""
    children = children_of(os.getpid())
    zygote = ZygoteProcess(PLAIN, SETTINGS, lambda: None)
    await zygote.start()

    ending = asyncio.create_task(zygote.end())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending

    assert children_of(os.getpid()) == children
