"""Workers look after the jobs of an instance, and a server without one says who does not."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from jobs.job import RunId
from jobs.run import MOST_ATTEMPTS, Run, RunStatus
from sanderling.store import Database, SQLJobStore, open_database
from sanderling.store.job_schema import job_runs
from sanderling.wiring.home import DATABASE
from support.command import CommandLine, Server
from support.ticking import ticked
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def rows(command: CommandLine) -> AsyncGenerator[tuple[Database, SQLJobStore]]:
    """Yield what the workers of a home write to."""
    async with open_database(f"sqlite:///{command.home / DATABASE}") as database:
        yield database, SQLJobStore(database)


async def asked(store: SQLJobStore, name: str, *, status: RunStatus) -> Run:
    """Return a run out of turn once it came to its end with `status`."""
    moment = datetime.now(UTC)
    # The job has a course once some worker has looked at the clock.
    await until(lambda: store.ask_run(name, moment))

    async def is_over() -> bool:
        run = (await store.latest()).get(name)
        return run is not None and run.scheduled_at == moment and run.status is status

    await until(is_over)
    return (await store.latest())[name]


async def lost(database: Database, store: SQLJobStore, name: str, *, attempts: int) -> None:
    """Leave a run as a worker leaves it that was killed, once the job has a course."""

    async def is_known() -> bool:
        return name in await store.courses()

    await until(is_known)
    row: dict[str, object] = {
        "id": RunId(f"{name}@lost"),
        "job": name,
        "scheduled_at": LONG_AGO,
        "status": "running",
        "attempts": attempts,
        "fence": attempts,
        "worker": "gone",
        "lease_until": LONG_AGO + timedelta(seconds=4),
        "started_at": LONG_AGO,
        "detail": "",
    }
    async with database.write() as connection:
        await connection.execute(job_runs.insert().values(row))


def part(server: Server) -> dict[str, Any]:
    """Return what readiness says of jobs."""
    ready = httpx2.get(f"{server.url}/health/ready", trust_env=False).json()
    found: dict[str, Any] = ready["parts"]["jobs"]
    return found


async def test_a_worker_runs_jobs_and_tells_of_them(command: CommandLine) -> None:
    """A run that is asked for is done within seconds, counted, and the worker is ready."""
    command.must("init")
    with command.working() as worker:
        async with rows(command) as (_, store):
            run = await asked(store, "clean-up", status=RunStatus.DONE)
        metrics = httpx2.get(f"{worker.url}/metrics", trust_env=False).text
        health = part(worker)
        assert worker.stop() == 0

    assert run.detail.startswith("Removed: 0 executions")
    assert 'sanderling_job_runs_total{job="clean-up",status="done"} 1.0' in metrics
    assert (health["state"], health["numbers"]) == ("ok", {"jobs": 8})


async def test_what_a_killed_worker_leaves_is_taken_over_or_parked(command: CommandLine) -> None:
    """A run whose lease ran out is done by another; one that lost all is parked, alone."""
    command.must("init")
    with command.serving():
        async with rows(command) as (database, store):
            await lost(database, store, "clean-up", attempts=1)
            await lost(database, store, "call-retention", attempts=MOST_ATTEMPTS)

            async def are_over() -> bool:
                latest = await store.latest()
                return all(latest[name].is_final for name in ("clean-up", "call-retention"))

            await until(are_over)
            latest = await store.latest()
            again = await asked(store, "call-retention", status=RunStatus.DONE)

    assert (latest["clean-up"].status, latest["clean-up"].attempts) == (RunStatus.DONE, 2)
    assert latest["call-retention"].status is RunStatus.PARKED
    assert again.attempts == 1


async def test_a_server_without_a_worker_says_that_nobody_cleans_up(command: CommandLine) -> None:
    """It serves, and its readiness says what is missing until a worker is there."""
    command.must("init")
    with command.serving("--without-worker") as server:
        alone = part(server)
        with command.working():
            await until(lambda: part(server)["state"] == "ok")
        await until(lambda: part(server)["state"] == "degraded")

    assert alone["state"] == "degraded"
    assert "nothing is cleaned up" in alone["reasons"][0]


async def test_a_changed_cron_and_a_pause_are_in_force_in_every_worker(
    command: CommandLine,
) -> None:
    """Both workers run by the new cron, and after the pause neither emits another tick."""
    command.must("init")
    with command.working(), command.working():
        made = command.must("config", "set", "JOB_CLEAN_UP_CRON=* * * * * *", "--wait")

        def told() -> dict[str, Any]:
            found: dict[str, Any] = command.must("jobs", "list")
            return found

        await until(lambda: {each["revision"] for each in told()["workers"]} == {made["revision"]})
        listed = told()
        async with rows(command) as (_, store):

            async def has_ticked() -> bool:
                return "clean-up" in await store.latest()

            await until(has_ticked)
            command.must("jobs", "pause", "clean-up")
            paused_at = datetime.now(UTC)
            while datetime.now(UTC) < paused_at + timedelta(seconds=2):
                # The workers are at work meanwhile, and moments of the paused job pass.
                await asked(store, "call-retention", status=RunStatus.DONE)
            latest = (await store.latest())["clean-up"]

    (cron,) = [each["cron"] for each in listed["items"] if each["name"] == "clean-up"]
    assert cron == "* * * * * *"
    assert [each["is_alive"] for each in listed["workers"]] == [True, True]
    assert latest.scheduled_at <= paused_at


async def test_a_paused_sweeper_of_schedules_calls_nothing(command: CommandLine) -> None:
    """It is among the jobs with its triggers, and holds all of them until it is resumed."""
    command.must("init")
    file = command.folder / "echo.py"
    file.write_text("def handler(event, context):\n    return event\n")
    command.must("functions", "deploy", "echo", str(file))
    every_second = ("echo", "* * * * * *", "--catch-up", "one", "--overlap", "allow")
    command.must("triggers", "create-cron", *every_second)
    command.must("jobs", "pause", "function-cron")

    with command.working(EXECUTIONS_CONCURRENCY="0"):
        async with rows(command) as (database, store):
            for _ in range(2):
                # The worker is at work meanwhile, and moments of the trigger pass.
                await asked(store, "clean-up", status=RunStatus.DONE)
            paused = command.must("jobs", "show", "function-cron")
            before = await ticked(database)
            command.must("jobs", "resume", "function-cron")

            async def has_called() -> bool:
                return bool(await ticked(database))

            await until(has_called)
            resumed = command.must("jobs", "show", "function-cron")

    assert before == []
    assert (paused["state"], paused["rows"], paused["next_run_at"]) == ("paused", 1, None)
    assert (resumed["state"], len(resumed["registered_on"])) == ("on", 1)
    assert resumed["next_run_at"] is not None


async def test_a_worker_may_leave_jobs_to_others(command: CommandLine) -> None:
    """With jobs excluded, or their registration disabled, it says that nobody does them."""
    command.must("init")
    for settings in ({"WORKER_EXCLUDED_QUEUES": "jobs"}, {"DISABLE_CRON_JOBS_REGISTRATION": "1"}):
        with command.working(**settings) as worker:
            assert part(worker)["state"] == "degraded"
