"""A schedule of each second loses no moment and doubles none, whatever becomes of its workers."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import Database, open_database
from sanderling.wiring.home import DATABASE
from support.command import CommandLine, Server
from support.postgres import PostgresServer
from support.redis import RedisServer
from support.ticking import EACH_SECOND, Ticked, seconds_from, set_back, ticked, told_of
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ECHO = """
import time

def handler(event, context):
    time.sleep(0.5)
    return event["scheduledAt"]
"""
LEASE_S = 3
TIME_FOR_MORE_S = 10
WORKERS = 3
FIVE_HOURS = timedelta(hours=5)


def deploy(command: CommandLine) -> None:
    """Make a function live that may run twice."""
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    command.must("functions", "deploy", "echo", str(file), "--idempotent")


def scheduled(
    command: CommandLine, *catch_up: str, expression: str = "* * * * * *"
) -> dict[str, Any]:
    """Return a new schedule, of each second unless told otherwise, whose calls wait for none."""
    words = ("echo", expression, "--overlap", "allow", "--catch-up", *catch_up)
    made: dict[str, Any] = command.must("triggers", "create-cron", *words)
    return made


def begins_at(trigger: dict[str, Any]) -> datetime:
    """Return the first moment of a new schedule."""
    made_at = datetime.fromisoformat(trigger["created_at"])
    return made_at.replace(microsecond=0) + EACH_SECOND


@asynccontextmanager
async def rows(url: str) -> AsyncGenerator[Database]:
    """Yield the database that the processes share."""
    async with open_database(url) as database:
        yield database


async def until_ticked(database: Database, count: int) -> list[Ticked]:
    """Return the calls of the schedule once there are so many."""
    found: list[Ticked] = []

    async def are_there() -> bool:
        with suppress(StoreUnavailableError):
            found[:] = await ticked(database)
        return len(found) >= count

    await until(are_there)
    return found


async def until_all_over(database: Database) -> list[Ticked]:
    """Return the calls of the schedule once none waits or runs."""

    async def are_over() -> bool:
        return all(each.is_over for each in await ticked(database))

    await until(are_over)
    return await ticked(database)


async def killed_at_work(database: Database, workers: Sequence[Server]) -> Ticked:
    """Kill a worker that runs a call, and return the call as it left it."""
    while True:
        running = [each for each in await ticked(database) if each.status == "running"]
        for call in running:
            doomed = next(each for each in workers if str(each.process.pid) in names_of(call))
            # Standing still it ends no call, so what the row says is what is left of it.
            doomed.process.send_signal(signal.SIGSTOP)
            if call in (left := await ticked(database)):
                doomed.stop(signal.SIGKILL)
                return left[left.index(call)]
            doomed.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.01)


def names_of(call: Ticked) -> list[str]:
    """Return the words of which the name of a call's worker is made: kind, id and another."""
    return (call.worker or "").split("-")


@pytest.mark.parametrize("seconds", [10, pytest.param(30, marks=pytest.mark.nightly)])
async def test_crashes_cost_no_tick_and_double_none(
    command: CommandLine,
    postgres: PostgresServer,
    postgres_url: str,
    redis: RedisServer,
    seconds: int,
) -> None:
    """One of three workers is killed, Redis is away, in a long run PostgreSQL too: all is done."""
    settings = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis.url,
        "EXECUTIONS_LEASE_MS": str(LEASE_S * 1000),
        "SANDBOX_SPARES": "1",
    }
    command = replace(command, settings=settings)
    await asyncio.to_thread(command.must, "init")
    with ExitStack() as stack:
        async with rows(postgres_url) as database:
            workers = [stack.enter_context(command.working()) for _ in range(WORKERS)]
            deploy(command)
            made = scheduled(command, "all", "--most", "100")
            await until_ticked(database, seconds // 2)
            left = await killed_at_work(database, workers)
            redis.stop()
            await until_ticked(database, seconds)
            redis.start_again()
            if seconds > TIME_FOR_MORE_S:
                postgres.stop()
                postgres.start_again()
            await until_ticked(database, seconds + 2)
            command.must("triggers", "disable", made["id"])
            found = await until_all_over(database)

    first = begins_at(made)
    assert [each.tick for each in found] == seconds_from(first, found[-1].tick)
    assert len(found) >= seconds
    assert {each.status for each in found} == {"succeeded"}
    (healed,) = [each for each in found if each.tick == left.tick]
    # It ran once more, unless its end was on record before the row could say so.
    assert healed.attempts - left.attempts in {0, 1}
    assert left.lease_until is not None
    assert healed.ended_at is not None
    assert healed.ended_at > left.lease_until
    # Figures for whoever runs this; a busy machine is no finding.
    after_s = (healed.ended_at - left.lease_until).total_seconds()
    late_s = max(each.late_s for each in found)
    print(f"{len(found)} ticks, the latest queued {late_s:.2f} s after its moment")  # noqa: T201 - a figure; nothing is promised.
    print(f"the killed one ended {after_s:.2f} s after its lease of {LEASE_S} s ran out")  # noqa: T201 - a figure; nothing is promised.


async def test_a_server_that_was_away_makes_up_for_ticks_by_the_rule(command: CommandLine) -> None:
    """On SQLite, after a crash and five hours: none of five, one for all, or each of them."""
    await asyncio.to_thread(command.must, "init")
    deploy(command)
    # None of its moments is near, so all that come are of the past.
    hourly = f"{(datetime.now(UTC).minute + 30) % 60} * * * *"
    each_second = scheduled(command, "all", "--most", "1000")
    words = {"skip": ("skip",), "one": ("one",), "all": ("all",)}
    rules = {
        rule: scheduled(command, *more, expression=hourly)["id"] for rule, more in words.items()
    }
    async with rows(f"sqlite:///{command.home / DATABASE}") as database:
        # The queue is what is looked at here, so nothing has to run.
        with command.serving(EXECUTIONS_CONCURRENCY="0") as server:
            before = await until_ticked(database, 3)
            server.stop(signal.SIGKILL)
        await set_back(database, rules.values(), datetime.now(UTC) - FIVE_HOURS)
        with command.serving(EXECUTIONS_CONCURRENCY="0") as server:
            await until_ticked(database, len(before) + 10)
            assert server.stop() == 0
        prompt = await told_of(database, each_second["id"])
        told = {rule: await told_of(database, trigger) for rule, trigger in rules.items()}

    first = begins_at(each_second)
    assert prompt.ticks == seconds_from(first, prompt.ticks[-1])
    assert prompt.missed == 0
    assert {rule: (len(each.ticks), each.missed) for rule, each in told.items()} == {
        "skip": (0, 5),
        "one": (1, 4),
        "all": (5, 0),
    }
    assert told["one"].ticks == told["all"].ticks[-1:]
