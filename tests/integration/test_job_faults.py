"""Workers that are killed, stand still or lose their database while jobs run: nothing is lost."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.run import MOST_ATTEMPTS, Run, RunStatus
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import SQLJobStore, open_database
from support.postgres import PostgresServer
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]

PROCESS = """
import asyncio, os, pathlib, signal, sys

from jobs.catalogue import JobKind, WantedJob
from jobs.crew import Crew, Gear, Roster
from sanderling.docket import MemoryEngine
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.events import EventBus
from sanderling.schedule.cron import parse_cron
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import SQLJobStore, open_database

URL, NAME, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])

def tell(word):
    with (FOLDER / "told").open("a") as told:
        print(word, file=told)

async def long(run):
    with (FOLDER / "begun").open("a") as begun:
        print(NAME, file=begun)
    while not (FOLDER / "go").exists():
        await asyncio.sleep(0.05)
    tell("long ended")
    return f"It was {NAME}."

async def quick(run):
    tell("quick begun")
    return f"It was {NAME}."

async def poison(run):
    os.kill(os.getpid(), signal.SIGKILL)

WORKS = {"long": long, "quick": quick, "poison": poison}

async def main():
    clock = SystemClock()
    yearly = parse_cron("0 0 1 1 *")
    wanted = tuple(WantedJob(name, JobKind.JOB, "", yearly, None) for name in WORKS)
    async with open_database(URL) as database:
        gear = Gear(
            SQLJobStore(database), WORKS, MemoryEngine(clock, drain_s=0), clock, EventBus(), NAME
        )
        async with Crew(gear, Roster(wanted, wanted)):
            print("ready", flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass
class Crews:
    """Processes that do three jobs on one database: a long one, a quick one and one that kills."""

    url: str
    folder: Path
    store: SQLJobStore
    stack: ExitStack

    def start(self, name: str) -> subprocess.Popen[str]:
        """Add a process; it is killed at the end if it still runs."""
        return self.stack.enter_context(running(self.url, name, self.folder))

    async def ask(self, name: str) -> datetime:
        """Ask for a run once the job has a course, and return the moment that it stands for."""
        moment = datetime.now(UTC)

        async def is_asked() -> bool:
            with suppress(StoreUnavailableError):
                return await self.store.ask_run(name, moment)
            return False

        await until(is_asked)
        return moment

    async def over(self, name: str, moment: datetime) -> Run:
        """Return the run of a moment once it is at its end."""
        while True:
            run = await self.run(name, moment)
            if run is not None and run.is_final:
                return run
            await asyncio.sleep(0.05)

    async def run(self, name: str, moment: datetime) -> Run | None:
        """Return the run of a moment if it is the latest of its job and the database is there."""
        with suppress(StoreUnavailableError):
            run = (await self.store.latest()).get(name)
            return run if run is not None and run.scheduled_at == moment else None
        return None

    async def until_begun(self, *names: str) -> None:
        """Return once these processes, in this order, have begun the long job."""
        begun = self.folder / "begun"
        begun.touch()
        await until(lambda: begun.read_text().split() == list(names))

    def let_go(self) -> None:
        """Let the long job come to its end, wherever it runs."""
        (self.folder / "go").touch()


@contextmanager
def running(url: str, name: str, folder: Path) -> Generator[subprocess.Popen[str]]:
    """Yield a process that looks after jobs."""
    with (folder / f"{name}.log").open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, url, name, str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready", (folder / f"{name}.log").read_text()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


@asynccontextmanager
async def crews_on(url: str, folder: Path) -> AsyncGenerator[Crews]:
    """Yield no process yet."""
    async with open_database(url) as database:
        with ExitStack() as stack:
            yield Crews(url, folder, SQLJobStore(database), stack)


@pytest.fixture
async def crews(postgres_url: str, tmp_path: Path) -> AsyncGenerator[Crews]:
    """Yield no process yet, on PostgreSQL."""
    async with crews_on(postgres_url, tmp_path) as found:
        yield found


@pytest.fixture
async def crews_on_sqlite(sqlite_url: str, tmp_path: Path) -> AsyncGenerator[Crews]:
    """Yield no process yet, on SQLite."""
    async with crews_on(sqlite_url, tmp_path) as found:
        yield found


async def test_a_run_whose_worker_is_killed_is_done_by_another(crews_on_sqlite: Crews) -> None:
    """Its lease runs out, and the attempt of the other one is the second."""
    crews = crews_on_sqlite
    doomed = crews.start("one")
    moment = await crews.ask("long")
    await crews.until_begun("one")
    crews.start("two")

    doomed.send_signal(signal.SIGKILL)
    await crews.until_begun("one", "two")
    crews.let_go()

    run = await crews.over("long", moment)
    assert (run.status, run.detail) == (RunStatus.DONE, "It was two.")
    # The other one claims it, gives it back uncounted, and claims it again to do it alone.
    assert (run.attempts, run.fence) == (2, 3)


async def test_a_run_that_lost_its_worker_is_alone_when_it_is_tried_again(crews: Crews) -> None:
    """Another job of the same process is claimed and begins after it."""
    doomed = crews.start("one")
    lost = await crews.ask("long")
    await crews.until_begun("one")
    doomed.send_signal(signal.SIGKILL)
    crews.start("two")
    await crews.until_begun("one", "two")

    quick = await crews.ask("quick")
    # Time enough to take it up; that it is not even claimed keeps it free for others.
    await asyncio.sleep(2)
    waiting = await crews.run("quick", quick)
    crews.let_go()
    again, other = await crews.over("long", lost), await crews.over("quick", quick)

    assert waiting is None or (waiting.status, waiting.attempts) == (RunStatus.WAITING, 0)
    assert (again.status, again.attempts) == (RunStatus.DONE, 2)
    assert (other.status, other.attempts) == (RunStatus.DONE, 1)
    assert (crews.folder / "told").read_text().splitlines() == ["long ended", "quick begun"]


async def test_who_outlives_its_lease_writes_nothing_and_goes_on(crews: Crews) -> None:
    """A worker that stood still finds its run taken over, and does the next one."""
    still = crews.start("one")
    moment = await crews.ask("long")
    await crews.until_begun("one")
    other = crews.start("two")

    still.send_signal(signal.SIGSTOP)
    await crews.until_begun("one", "two")
    crews.let_go()
    before = await crews.over("long", moment)
    other.send_signal(signal.SIGKILL)
    still.send_signal(signal.SIGCONT)
    again = await crews.over("quick", await crews.ask("quick"))

    assert before.detail == "It was two."
    assert again.detail == "It was one."
    assert await crews.run("long", moment) == before


async def test_jobs_go_on_when_postgresql_was_restarted(
    postgres: PostgresServer, crews: Crews
) -> None:
    """A run that was under way meanwhile comes to its end, and the next one is done."""
    crews.start("one")
    moment = await crews.ask("long")
    await crews.until_begun("one")

    postgres.stop()
    postgres.start_again()
    crews.let_go()

    run = await crews.over("long", moment)
    again = await crews.over("quick", await crews.ask("quick"))
    assert (run.status, again.status) == (RunStatus.DONE, RunStatus.DONE)


@pytest.mark.nightly
async def test_a_run_that_kills_its_workers_is_parked_and_others_are_done(crews: Crews) -> None:
    """Five workers die of it, each is started again, and in the end its neighbour is done."""
    lives = [crews.start("one"), crews.start("two")]
    moment, neighbour = await crews.ask("poison"), await crews.ask("quick")

    while (run := await crews.run("poison", moment)) is None or not run.is_final:
        dead = [each for each in lives if each.poll() is not None]
        lives = [each for each in lives if each not in dead]
        lives += [crews.start(f"life-{each.pid}") for each in dead]
        await asyncio.sleep(0.1)

    assert (run.status, run.attempts) == (RunStatus.PARKED, MOST_ATTEMPTS)
    assert (await crews.over("quick", neighbour)).status is RunStatus.DONE
