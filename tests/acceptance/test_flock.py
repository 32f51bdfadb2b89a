"""Three workers sync many accounts, and are killed: nothing is lost, doubled, or done by two."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from support.command import CommandLine
from support.flock import Flock, Pace, open_flock
from support.postgres import PostgresServer
from support.redis import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

WORKERS = 3
KILLS = 2
PAUSE_S = 0.1
"""Between two changes of people."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is, and the longest that it takes until all is calm."""

    accounts: int
    mails: int
    edits: int
    calm_s: float
    pace: Pace


MINUTELY = Pace("* * * * *", lease_ms=15_000)
TEN = Size(accounts=10, mails=3, edits=40, calm_s=120, pace=Pace())
TWO_HUNDRED = Size(accounts=200, mails=2, edits=300, calm_s=900, pace=MINUTELY)


async def edited(flock: Flock, *, edits: int) -> None:
    """Let people change their things while workers sync."""
    random = Random(edits)  # noqa: S311 - tests are to be repeatable.
    for _ in range(edits):
        flock.town.edit(random)
        await asyncio.sleep(PAUSE_S)


@pytest.mark.parametrize(
    "size", [TEN, pytest.param(TWO_HUNDRED, marks=pytest.mark.nightly)], ids=["ten", "two-hundred"]
)
async def test_workers_that_are_killed_lose_double_and_mix_up_nothing(
    command: CommandLine, postgres: PostgresServer, redis: RedisServer, size: Size
) -> None:
    """Both sides come to be equal; one worker at a time asks for an account, and writes for it."""
    async with open_flock(command, postgres, redis, size.pace) as flock:
        flock.town.settle(size.accounts, mails=size.mails, meetings=2)
        await flock.town.connect(command.home, flock.command.settings)
        await asyncio.to_thread(flock.watch)
        began_s = time.monotonic()
        await asyncio.gather(*(flock.start() for _ in range(WORKERS)))
        editing = asyncio.create_task(edited(flock, edits=size.edits))
        doomed, dead = flock.workers[0], set[int]()
        for _ in range(KILLS):
            dead.add(doomed.process.pid)
            doomed = await flock.kill(doomed)
        await editing
        await flock.until_calm(size.calm_s)
        took_s = time.monotonic() - began_s
        statuses = [await asyncio.to_thread(worker.stop) for worker in flock.workers]
        told = await flock.told()
        holders = {hold.pid for hold in flock.audit.holds()}

        assert statuses == [0] * WORKERS
        assert len(holders & dead) == KILLS
        everybody = {who.account_id: who.person.email for who in flock.town.residents}
        assert {visit.email for visit in flock.witness.visits} == set(everybody.values())
        assert {write.account_id for write in flock.audit.writes()} == set(everybody)
        assert flock.witness.strangers == 0
        assert flock.witness.meetings() == []
        assert flock.unheld() == []
        assert flock.foreign() == []
        assert {name for name in told.keys if name.startswith("record:")} == told.wanted
        assert len(set(told.keys.values())) == len(told.wanted) == len(told.statuses)
        assert set(told.statuses.values()) == {"succeeded"}
        ends = [(execution, flock.roles[role]) for execution, role in flock.audit.ends()]
        assert Counter(execution for execution, _ in ends) == dict.fromkeys(told.statuses, 1)
        # What a killed worker had ended and not yet recorded is in no call log.
        unrecorded = told.statuses.keys() - told.runs.keys()
        assert told.runs == dict.fromkeys(told.statuses.keys() - unrecorded, 1)
        assert {pid for execution, pid in ends if execution in unrecorded} <= dead
    calls, requests = len(told.wanted), len(flock.witness.visits)
    print(f"{size.accounts} accounts, {requests} requests, {calls} calls in {took_s:.1f} s")  # noqa: T201 - figures; nothing is promised.
