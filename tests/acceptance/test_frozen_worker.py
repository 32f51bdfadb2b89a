"""A worker that is frozen past its leases, and thawed, does nothing for accounts of others."""

import asyncio
import signal
from random import Random

import pytest

from support.command import CommandLine
from support.flock import Pace, open_flock
from support.postgres import PostgresServer
from support.redis import RedisServer
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ACCOUNTS, EDITS, CALM_S = 6, 20, 200
PACE = Pace(lease_ms=6000, latency_s=0.05)


async def test_frozen_worker_that_is_thawed_leaves_accounts_to_who_took_them_over(
    command: CommandLine, postgres: PostgresServer, redis: RedisServer
) -> None:
    """It asks for none of them, writes for none, and works on in order afterwards."""
    async with open_flock(command, postgres, redis, PACE) as flock:
        flock.town.settle(ACCOUNTS, mails=3, meetings=2)
        await flock.town.connect(command.home, flock.command.settings)
        await asyncio.to_thread(flock.watch)
        frozen = await flock.start()
        other = await flock.start()
        random = Random(EDITS)  # noqa: S311 - tests are to be repeatable.

        await flock.until_amid(frozen)
        frozen.process.send_signal(signal.SIGSTOP)
        try:

            async def is_left_by_all() -> bool:
                return not (await flock.held())[frozen.process.pid]

            for _ in range(EDITS):
                flock.town.edit(random)
            await until(is_left_by_all, within_s=CALM_S, every_s=0.2)
            visits = len(flock.witness.visits)
            await until(lambda: len(flock.witness.visits) > visits + EDITS, within_s=CALM_S)
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        await flock.until_calm(CALM_S)
        statuses = [await asyncio.to_thread(worker.stop) for worker in (frozen, other)]
        told = await flock.told()

        assert statuses == [0, 0]
        assert flock.witness.strangers == 0
        assert flock.witness.meetings() == []
        assert flock.unheld() == []
        assert flock.foreign() == []
        assert len(set(told.keys.values())) == len(told.wanted) == len(told.statuses)
        assert told.runs == dict.fromkeys(told.statuses, 1)
