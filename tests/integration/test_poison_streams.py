"""Real processes are killed by what they work on: it is parked, and all others are done."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from jobs.streams.steps import MOST_ATTEMPTS
from jobs.streams.stream import AccountId, StreamStatus
from sanderling.store import SQLStreamStore, open_database
from support.streams import a_stream
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
NAMES = [f"s{number:02}" for number in range(20)]
POISON = "s07"

PROCESS = """
import asyncio, os, signal, sys

from jobs.streams.holding import SweepBounds
from jobs.streams.holds import Holds
from jobs.streams.stream import Channel, Due, Phase, SliceResult
from jobs.streams.sweeper import Sweeper, SweepMeans
from sanderling.fairness.memory import MemorySlots
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.events import EventBus
from sanderling.schedule.cron import parse_cron
from sanderling.store import SQLStreamStore, open_database

URL, NAME, POISON = sys.argv[1:]

async def work(stream, lease):
    if stream.account_id == POISON:
        await asyncio.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(0.3)
    return SliceResult(Due.IN_TURN, Phase.LIST)

async def nobody():
    return ()

async def main():
    clock = SystemClock()
    async with open_database(URL) as database:
        means = SweepMeans(
            SQLStreamStore(database), {Channel.GMAIL: work},
            MemorySlots(clock, token=lambda: NAME), nobody, clock, EventBus(), lambda: 0.5,
            Holds(clock),
        )
        bounds = SweepBounds(lease_s=2, renew_s=0.5, every_s=0.2, drain_s=0)
        sweeper = Sweeper(means, worker=NAME, bounds=bounds)
        sweeper.follow({"gmail-message-list-fetch": parse_cron("0 0 1 1 *")})
        await sweeper.run()

asyncio.run(main())
"""


@contextmanager
def running(url: str, name: str, poison: str) -> Generator[subprocess.Popen[bytes]]:
    """Yield a process that sweeps; it is killed at the end if it still runs."""
    words = [sys.executable, "-c", PROCESS, url, name, poison]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.nightly
async def test_a_stream_that_kills_its_workers_is_parked_alone(sqlite_url: str) -> None:
    """Two processes are started again each time that they die, until there is nothing to do."""
    async with open_database(sqlite_url) as database:
        store = SQLStreamStore(database)
        await store.open([a_stream(name) for name in NAMES])
        with ExitStack() as stack:
            lives = [stack.enter_context(running(sqlite_url, name, POISON)) for name in "ab"]
            deaths = 0

            async def are_over() -> bool:
                nonlocal deaths
                for number, process in enumerate(lives):
                    if process.poll() is not None:
                        deaths += 1
                        again = running(sqlite_url, f"life-{deaths}", POISON)
                        lives[number] = stack.enter_context(again)
                kept = [(await store.of_account(AccountId(name)))[0] for name in NAMES]
                return all(
                    each.last_success_at or each.status is StreamStatus.PARKED for each in kept
                )

            await until(are_over, within_s=300, every_s=0.2)
        parked = [
            stream
            for name in NAMES
            for stream in await store.of_account(AccountId(name))
            if stream.status is StreamStatus.PARKED
        ]

    assert [(each.account_id, each.attempts) for each in parked] == [(POISON, MOST_ATTEMPTS)]
    assert deaths == MOST_ATTEMPTS


async def test_what_a_killed_process_held_goes_on_at_once(sqlite_url: str) -> None:
    """All that it had begun is done by the next one, each once more, and nobody is in doubt."""
    async with open_database(sqlite_url) as database:
        store = SQLStreamStore(database)
        await store.open([a_stream(name) for name in NAMES])
        with running(sqlite_url, "doomed", POISON) as doomed:
            doomed.wait(60)
        with running(sqlite_url, "next", "nobody"):

            async def are_done() -> bool:
                kept = [(await store.of_account(AccountId(name)))[0] for name in NAMES]
                return all(each.last_success_at is not None for each in kept)

            await until(are_done, within_s=60, every_s=0.1)
        kept = [(await store.of_account(AccountId(name)))[0] for name in NAMES]

    # Claimed by one, lost, claimed by the next: three moves of the fence, and no more.
    assert {each.fence for each in kept} == {3}
    assert {each.status for each in kept} == {StreamStatus.ACTIVE}
