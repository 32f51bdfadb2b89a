"""What is promised of executions, on real server processes of both kinds of installation.

Embedded is one process with SQLite and the engine in its memory; distributed are two with
PostgreSQL and an engine over Redis. Whatever happens to processes and to Redis, nothing is lost,
and nothing is recorded twice.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.command import CommandLine
from support.fleet import Fleet, Tenant, open_fleet
from support.postgres import PostgresServer
from support.redis import RedisServer
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

OpenFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

_LEASE_S = 3.0
_SHORT = {"EXECUTIONS_LEASE_MS": "3000", "EXECUTIONS_RECONCILE_INTERVAL_MS": "300"}
_ECHO = "def handler(event, context):\n    return event\n"
_NAP = """
import time

def handler(event, context):
    time.sleep(event["s"])
    return event
"""
_ENDLESS = "def handler(event, context):\n    while True:\n        pass\n"


BOTH = pytest.mark.parametrize("open_a_fleet", ["embedded", "distributed"], indirect=True)
"""For promises that are of the distributed kind above all; the others are held to it at night."""


@pytest.fixture(params=["embedded", pytest.param("distributed", marks=pytest.mark.nightly)])
def open_a_fleet(request: pytest.FixtureRequest, tmp_path: Path) -> OpenFleet:
    """Open servers of each kind in turn."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    command = CommandLine(home=tmp_path / "home", folder=folder)
    return _KINDS[request.param](request, command)


def _embedded(_: pytest.FixtureRequest, command: CommandLine) -> OpenFleet:
    def open_it(**settings: str) -> AbstractAsyncContextManager[Fleet]:
        return open_fleet(command, 1, **{**_SHORT, **settings})

    return open_it


def _distributed(request: pytest.FixtureRequest, command: CommandLine) -> OpenFleet:
    redis: RedisServer = request.getfixturevalue("redis")
    postgres: PostgresServer = request.getfixturevalue("postgres")

    @asynccontextmanager
    async def open_it(**settings: str) -> AsyncGenerator[Fleet]:
        redis.flush()
        with postgres.database() as name:
            shared = {"DATABASE_URL": postgres.url(name), "REDIS_URL": redis.url}
            async with open_fleet(command, 2, **{**_SHORT, **shared, **settings}) as fleet:
                yield fleet

    return open_it


_KINDS: Mapping[str, Callable[[pytest.FixtureRequest, CommandLine], OpenFleet]] = {
    "embedded": _embedded,
    "distributed": _distributed,
}


async def _kill_and_replace(fleet: Fleet) -> None:
    """Kill the process that runs the most; alone, it is started again as a supervisor would.

    It stands still before it is killed, so that what it runs cannot end in between.
    """
    while True:
        busiest = await fleet.busiest()
        with fleet.paused(busiest):
            if await fleet.is_at_work(busiest):
                fleet.kill(busiest)
                break
    if not fleet.living:
        await fleet.start()


def _end_of(shown: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return how an execution ended, with the reason that tells why a test failed."""
    return shown["status"], shown["outcome"], shown["detail"]


async def _until_running(tenant: Tenant, *, count: int) -> None:
    async def are_running() -> bool:
        page = await tenant.ask("GET", "/v1/executions?status=running&limit=100")
        return len(page["items"]) >= count

    await until(are_running)


async def _assert_recorded_once(fleet: Fleet, ids: Sequence[str]) -> None:
    """See one success of each recorded; records are written a moment after the outcome."""

    async def are_recorded() -> bool:
        recorded = await fleet.calls()
        return all(recorded[key, "ok"] for key in ids)

    await until(are_recorded)
    calls = await fleet.calls()
    assert {key: calls[key, "ok"] for key in ids} == dict.fromkeys(ids, 1)


def _asked(function: str, events: Sequence[object], **more: object) -> list[dict[str, Any]]:
    return [{"function": function, "event": event, **more} for event in events]


@BOTH
async def test_a_killed_process_loses_nothing(open_a_fleet: OpenFleet) -> None:
    """What ran there runs again after the lease; each has one outcome, recorded once."""
    async with open_a_fleet() as fleet:
        tenant = fleet.tenant
        await tenant.publish("nap", _NAP, is_idempotent=True)
        ids = await tenant.submit(*_asked("nap", [{"s": 0.4, "n": n} for n in range(30)]))
        await _until_running(tenant, count=4)

        await _kill_and_replace(fleet)

        over = await tenant.until_over(ids)
        assert [shown["status"] for shown in over] == ["succeeded"] * len(ids)
        assert [shown["event"]["n"] for shown in over] == list(range(30))
        assert max(shown["attempts"] for shown in over) == 2
        await _assert_recorded_once(fleet, ids)


async def test_a_job_may_take_longer_than_its_lease(open_a_fleet: OpenFleet) -> None:
    """A process that lives renews the lease, so nobody takes the job for lost."""
    async with open_a_fleet() as fleet:
        await fleet.tenant.publish("nap", _NAP, is_idempotent=True, limits={"wall_s": 20})

        ids = await fleet.tenant.submit(*_asked("nap", [{"s": 2.5 * _LEASE_S}]))

        (shown,) = await fleet.tenant.until_over(ids)
        assert (shown["status"], shown["attempts"]) == ("succeeded", 1)
        await _assert_recorded_once(fleet, ids)


async def test_a_process_that_stood_still_changes_nothing(open_a_fleet: OpenFleet) -> None:
    """Whoever comes back after its lease is kept from writing by the fence."""
    async with open_a_fleet() as fleet:
        tenant = fleet.tenant
        await tenant.publish("nap", _NAP, is_idempotent=True)
        ids = await tenant.submit(*_asked("nap", [{"s": 0.5, "n": n} for n in range(4)]))
        await _until_running(tenant, count=4)
        late = await fleet.busiest()

        with fleet.paused(late):
            if len(fleet.living) == 1:
                await fleet.start()
            over = await tenant.until_over(ids)

        # What it does with the outcomes of its own is done before it is idle again.
        await until(lambda: late.log.read_text().count("execution.lease-lost") > 0)
        assert [shown["status"] for shown in over] == ["succeeded"] * len(ids)
        assert [await tenant.show(key) for key in ids] == over


async def test_a_call_that_ends_its_guest_is_parked(open_a_fleet: OpenFleet) -> None:
    """It is tried as often as was asked for, is kept as dead, and hurts nobody beside it."""
    async with open_a_fleet() as fleet:
        tenant = fleet.tenant
        # Nothing but the end of its process ends it.
        await tenant.publish("endless", _ENDLESS, is_idempotent=True, limits={"wall_s": 1})
        await tenant.publish("echo", _ECHO)

        poison = await tenant.submit(*_asked("endless", [None], max_attempts=2))
        others = await tenant.submit(*_asked("echo", list(range(20))))

        (dead,) = await tenant.until_over(poison)
        over = await tenant.until_over(others)
        assert (dead["status"], dead["attempts"]) == ("dead", 2)
        assert dead["outcome"] == "timeout"
        assert {(shown["status"], shown["attempts"]) for shown in over} == {("succeeded", 1)}


async def test_asking_again_runs_nothing_again(open_a_fleet: OpenFleet) -> None:
    """Many requests with one idempotency key, to every process at once, make one execution."""
    async with open_a_fleet() as fleet:
        tenant = fleet.tenant
        await tenant.publish("echo", _ECHO)
        path = "/v1/functions/echo/executions"
        said = {"prefer": "respond-async", "idempotency_key": "order-42"}

        answers = await asyncio.gather(
            *(tenant.ask("POST", path, {"n": 1}, **said) for _ in range(20))
        )

        ids = {answer["id"] for answer in answers}
        assert len(ids) == 1
        await tenant.until_over([*ids])
        await _assert_recorded_once(fleet, [*ids])
        assert len(await fleet.calls()) == 1


@BOTH
async def test_executions_of_one_lane_never_overlap(open_a_fleet: OpenFleet) -> None:
    """Whatever process takes them up, the next one of a lane begins when the last has ended."""
    async with open_a_fleet() as fleet:
        tenant = fleet.tenant
        await tenant.publish("nap", _NAP)
        lanes = {
            lane: await tenant.submit(*_asked("nap", [{"s": 0.1}] * 6, lane=lane))
            for lane in ("one", "other")
        }

        for ids in lanes.values():
            await tenant.until_over(ids)
            await _assert_recorded_once(fleet, ids)
            spans = await fleet.spans()
            in_order = sorted(spans[key] for key in ids)
            ends = [ended for _, ended in in_order]
            assert all(
                begun >= ended for ended, (begun, _) in zip(ends, in_order[1:], strict=False)
            )


async def test_a_noisy_tenant_keeps_nobody_waiting(open_a_fleet: OpenFleet) -> None:
    """Who queues a few after another queued many has them done long before the many are."""
    async with open_a_fleet(EXECUTIONS_CONCURRENCY="2") as fleet:
        noisy, quiet = fleet.tenant, await fleet.add_tenant()
        for tenant in (noisy, quiet):
            await tenant.publish("nap", _NAP)
        many = await noisy.submit(*_asked("nap", [{"s": 0.1}] * 120))
        await _until_running(noisy, count=2)

        few = await quiet.submit(*_asked("nap", [{"s": 0.1}] * 4))

        over = await quiet.until_over(few)
        last = max(shown["finished_at"] for shown in over)
        done = await noisy.until_over(many)
        before = [shown for shown in done if shown["finished_at"] <= last]
        assert len(before) < len(many) / 2


async def test_stopping_ends_what_runs_and_leaves_the_rest(open_a_fleet: OpenFleet) -> None:
    """A process that is told to end takes up nothing more, and loses nothing."""
    async with open_a_fleet(EXECUTIONS_CONCURRENCY="2") as fleet:
        tenant = fleet.tenant
        await tenant.publish("nap", _NAP)
        ids = await tenant.submit(*_asked("nap", [{"s": 0.5, "n": n} for n in range(8)]))
        await _until_running(tenant, count=2)

        statuses = [
            await asyncio.to_thread(server.stop, signal.SIGTERM) for server in [*fleet.living]
        ]
        await fleet.start()

        over = await tenant.until_over(ids)
        assert set(statuses) == {0}
        assert {(shown["status"], shown["attempts"]) for shown in over} == {("succeeded", 1)}
        await _assert_recorded_once(fleet, ids)


async def test_redis_may_be_killed_and_started_again(
    redis: RedisServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Without Redis executions are taken in and run, and all it had forgotten is found again."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    open_it = _distributed(request, CommandLine(home=tmp_path / "home", folder=folder))
    # Long enough for a busy machine to renew while it waits for a Redis that does not answer.
    async with open_it(EXECUTIONS_LEASE_MS="15000") as fleet:
        tenant = fleet.tenant
        await tenant.publish("nap", _NAP)
        before = await tenant.submit(*_asked("nap", [{"s": 0.2, "n": n} for n in range(40)]))
        await _until_running(tenant, count=4)

        redis.stop()
        during = await tenant.submit(*_asked("nap", [{"s": 0.2, "n": n} for n in range(20)]))
        while_away = await tenant.until_over(during[:5])
        redis.start()
        after = await tenant.submit(*_asked("nap", [{"s": 0.2, "n": n} for n in range(10)]))

        over = await tenant.until_over([*before, *during, *after])
        assert {_end_of(shown) for shown in [*while_away, *over]} == {("succeeded", "ok", "")}
        assert {shown["attempts"] for shown in over} == {1}
        await _assert_recorded_once(fleet, [*before, *during, *after])
