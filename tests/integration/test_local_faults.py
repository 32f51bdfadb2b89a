"""What breaks around a call is told as it is, heals, and leaves nothing behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.port import HealthState, Isolation, Outcome, OutcomeKind
from sanderling.kernel.units import MIB
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO, SPINS
from support.sandbox import children_of, status_of
from support.waiting import until

pytestmark = pytest.mark.slow

SETTINGS = LocalSettings(spares=2)
SLEEPS = (
    "import time\n"
    "def handler(event, context):\n"
    "    print('started')\n"
    "    time.sleep(event)\n"
    "    return 'slept'\n"
)


@pytest.fixture
async def driver() -> AsyncIterator[LocalDriver]:
    """Start a driver that a test may hurt."""
    async with LocalDriver(SETTINGS) as started:
        yield started


def zygotes() -> list[int]:
    """Return the zygotes of this process."""
    return [pid for pid in children_of(os.getpid()) if status_of(pid)["Name"].startswith("python")]


async def calling_zygote(driver: LocalDriver, source: str = ECHO.source) -> int:
    """Deploy `source` and return the zygote whose workers run it, once its spares are ready.

    The first function that imports brings a zygote of its own.
    """
    before = set(zygotes())
    pids: set[int] = set()
    await driver.deploy(an_artifact(source))

    async def is_settled() -> bool:
        pids.clear()
        pids.update(pid for pid in zygotes() if len(children_of(pid)) == SETTINGS.spares)
        spares = (await driver.health()).numbers["spares"]
        return bool(pids) and spares == SETTINGS.spares * len(pids)

    await until(is_settled)
    return min(pids - before or pids)


async def start_call(driver: LocalDriver, source: str, event: float) -> asyncio.Task[Outcome]:
    """Deploy a source and start a call of it; return when a worker has it."""
    artifact = an_artifact(source, limits=Limits(wall_s=20))
    await driver.deploy(artifact)
    call = asyncio.create_task(driver.invoke(an_invocation(artifact, event)))

    async def is_busy() -> bool:
        return (await driver.health()).numbers["busy"] == 1

    await until(is_busy)
    return call


async def test_an_idle_spare_that_is_killed_is_replaced(driver: LocalDriver) -> None:
    """Killing every idle spare costs no call anything."""
    zygote = await calling_zygote(driver)
    spares = children_of(zygote)
    artifact = an_artifact(ECHO.source)
    await driver.deploy(artifact)

    for spare in spares:
        os.kill(spare, signal.SIGKILL)
    outcomes = [await driver.invoke(an_invocation(artifact, number)) for number in range(4)]

    assert [outcome.result for outcome in outcomes] == [0, 1, 2, 3]
    assert (await driver.health()).numbers["zygote_restarts"] == 0


async def test_a_worker_that_is_killed_while_serving_is_a_crash(driver: LocalDriver) -> None:
    """The call whose worker is killed crashes, says by what, and the next call is served."""
    zygote = await calling_zygote(driver, SLEEPS)
    spares = set(children_of(zygote))
    call = await start_call(driver, SLEEPS, 15)
    artifact = an_artifact(ECHO.source)

    for pid in spares:
        os.kill(pid, signal.SIGKILL)
    outcome = await call

    assert outcome.kind is OutcomeKind.CRASHED
    assert "SIGKILL" in outcome.detail
    await driver.deploy(artifact)
    assert (await driver.invoke(an_invocation(artifact, 1))).result == 1


async def test_a_killed_zygote_costs_no_call_in_flight_anything(driver: LocalDriver) -> None:
    """A call in flight keeps its outcome, a new zygote comes at once, and health tells."""
    zygote = await calling_zygote(driver, SLEEPS)
    call = await start_call(driver, SLEEPS, 0.5)
    artifact = an_artifact(ECHO.source)
    await driver.deploy(artifact)

    os.kill(zygote, signal.SIGKILL)

    async def is_restarted() -> bool:
        health = await driver.health()
        return health.numbers["zygote_restarts"] == 1 and health.state is HealthState.OK

    await until(is_restarted)
    assert (await call).result == "slept"
    assert (await driver.invoke(an_invocation(artifact, 1))).result == 1


async def test_health_tells_that_the_zygote_is_away(driver: LocalDriver) -> None:
    """Between a zygote's death and the next one's start, health is not ok and says why."""
    zygote = await calling_zygote(driver)
    restarts = (await driver.health()).numbers["zygote_restarts"]

    os.kill(zygote, signal.SIGKILL)

    async def is_noticed() -> bool:
        return (await driver.health()).numbers["zygote_restarts"] == restarts + 1

    await until(is_noticed)
    health = await driver.health()
    assert health.state is not HealthState.OK
    assert "zygote" in health.reasons[0]


async def test_a_cut_off_call_keeps_its_log_and_its_numbers(driver: LocalDriver) -> None:
    """A timeout has what was printed before, the limit, and what was used, in both modes."""
    for isolation in (Isolation.CALL, Isolation.FUNCTION):
        artifact = an_artifact(SLEEPS, limits=Limits(wall_s=0.3), isolation=isolation)
        await driver.deploy(artifact)

        outcome = await driver.invoke(an_invocation(artifact, 15))

        assert outcome.kind is OutcomeKind.TIMEOUT
        assert outcome.logs == "started\n"
        assert outcome.limit is not None
        assert outcome.limit.observed is not None
        assert outcome.limit.observed >= 0.29
        assert outcome.cpu_s is not None
        assert outcome.cpu_s < 0.3
        assert outcome.memory_bytes is not None


async def test_a_call_that_computes_too_long_is_a_timeout_of_its_cpu(driver: LocalDriver) -> None:
    """CPU time is a limit of its own, told with what was used."""
    artifact = an_artifact(SPINS.source, limits=Limits(wall_s=30, cpu_s=0.2))
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.limit is not None
    assert outcome.limit.name == "cpu_s"
    assert outcome.limit.observed is not None
    assert outcome.limit.observed >= 0.2


async def test_more_log_than_allowed_is_cut_and_counted(driver: LocalDriver) -> None:
    """The log keeps its beginning, and what is missing is counted."""
    source = "def handler(event, context):\n    for i in range(1000):\n        print('x' * 9)\n"
    artifact = an_artifact(source, limits=Limits(log_bytes=1024))
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.OK
    assert len(outcome.logs) + outcome.logs_dropped_bytes == 10_000
    assert len(outcome.logs) <= 1024


async def _idle_after_each(settings: LocalSettings, calls: int) -> list[float]:
    artifact = an_artifact(ECHO.source, isolation=Isolation.FUNCTION)
    idle: list[float] = []
    async with LocalDriver(settings) as brief:
        await brief.deploy(artifact)
        for number in range(calls):
            outcome = await brief.invoke(an_invocation(artifact, number))
            assert outcome.result == number
            idle.append((await brief.health()).numbers["bound_idle"])
    return idle


async def test_a_reused_worker_serves_only_so_many_calls() -> None:
    """After its number of calls a worker of a reused function ends, and none is lost."""
    settings = LocalSettings(spares=1, reuse_calls=3)

    assert await _idle_after_each(settings, 7) == [1, 1, 0, 1, 1, 0, 1]


async def test_a_reused_worker_that_grew_too_much_ends() -> None:
    """Growth since the first call is held against its bound after each call."""
    settings = LocalSettings(spares=1, reuse_growth_bytes=-MIB)

    assert await _idle_after_each(settings, 2) == [0, 0]


async def test_deleting_a_function_ends_its_idle_workers(driver: LocalDriver) -> None:
    """A deleted artifact keeps neither process nor memory."""
    artifact = an_artifact(ECHO.source + "# to delete", isolation=Isolation.FUNCTION)
    await driver.deploy(artifact)
    await driver.invoke(an_invocation(artifact, 1))
    before = (await driver.health()).numbers

    await driver.delete(artifact.key)

    after = (await driver.health()).numbers
    assert after["bound_idle"] == before["bound_idle"] - 1
    assert after["memory_reserved_bytes"] < before["memory_reserved_bytes"]


async def test_memory_limits_never_add_up_to_more_than_the_budget() -> None:
    """Calls wait for memory, in line, and every one is served."""
    settings = LocalSettings(spares=2, memory_budget_bytes=128 * MIB)
    artifact = an_artifact(SLEEPS)

    async with LocalDriver(settings) as small:
        await small.deploy(artifact)
        calls = [asyncio.create_task(small.invoke(an_invocation(artifact, 0.05))) for _ in range(6)]
        reserved: set[float] = set()

        async def are_done() -> bool:
            reserved.add((await small.health()).numbers["memory_reserved_bytes"])
            return all(call.done() for call in calls)

        await until(are_done)
        outcomes = await asyncio.gather(*calls)

    assert [outcome.result for outcome in outcomes] == ["slept"] * 6
    assert max(reserved) == 128 * MIB


async def test_a_function_above_the_whole_budget_is_misconfigured() -> None:
    """What could never be served is refused at deploy."""
    async with LocalDriver(LocalSettings(spares=1, memory_budget_bytes=32 * MIB)) as small:
        deployment = await small.deploy(an_artifact(ECHO.source))

    assert deployment.kind is OutcomeKind.MISCONFIGURED


async def test_a_full_waiting_line_is_saturation() -> None:
    """Calls beyond workers and line are turned away at once, with when to come again."""
    settings = LocalSettings(spares=1, memory_budget_bytes=64 * MIB, queue_limit=1)
    artifact = an_artifact(SLEEPS)

    async with LocalDriver(settings) as narrow:
        await narrow.deploy(artifact)
        outcomes = await asyncio.gather(
            *(narrow.invoke(an_invocation(artifact, 0.2)) for _ in range(4))
        )

    kinds = sorted(outcome.kind for outcome in outcomes)
    assert kinds == ["ok", "ok", "saturated", "saturated"]
    turned_away = [outcome for outcome in outcomes if outcome.kind is OutcomeKind.SATURATED]
    assert all(outcome.retry_after_s for outcome in turned_away)


async def test_a_call_that_waits_too_long_is_saturation() -> None:
    """Nobody waits for a worker longer than the line allows."""
    settings = LocalSettings(spares=1, memory_budget_bytes=64 * MIB, queue_wait_s=0.05)
    artifact = an_artifact(SLEEPS)

    async with LocalDriver(settings) as narrow:
        await narrow.deploy(artifact)
        served, turned_away = await asyncio.gather(
            *(narrow.invoke(an_invocation(artifact, 0.5)) for _ in range(2))
        )

    assert served.kind is OutcomeKind.OK
    assert turned_away.kind is OutcomeKind.SATURATED


async def test_a_call_that_is_cancelled_in_the_line_costs_nothing() -> None:
    """Whoever leaves the line takes neither worker nor memory along."""
    settings = LocalSettings(spares=1, memory_budget_bytes=64 * MIB)
    artifact = an_artifact(SLEEPS)

    async with LocalDriver(settings) as narrow:
        await narrow.deploy(artifact)
        served = asyncio.create_task(narrow.invoke(an_invocation(artifact, 0.2)))
        waiting = asyncio.create_task(narrow.invoke(an_invocation(artifact, 0)))
        await asyncio.sleep(0)
        waiting.cancel()
        outcomes = await asyncio.gather(served, waiting, return_exceptions=True)
        later = await narrow.invoke(an_invocation(artifact, 0))
        await asyncio.sleep(0)
        numbers = (await narrow.health()).numbers

    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert later.result == "slept"
    assert numbers["queue"] == 0
    assert numbers["memory_reserved_bytes"] == 0


async def test_an_event_larger_than_the_socket_arrives_whole(driver: LocalDriver) -> None:
    """Megabytes in and out are carried in pieces, and no byte is lost."""
    limits = Limits(event_bytes=6 * MIB, result_bytes=6 * MIB, cpu_s=5, wall_s=20)
    artifact = an_artifact(ECHO.source, limits=limits)
    await driver.deploy(artifact)
    event = "ä" * (2 * MIB)

    outcome = await driver.invoke(an_invocation(artifact, event))

    assert outcome.result == event


async def test_an_idle_worker_of_a_reused_function_is_ended() -> None:
    """A worker that nobody called for long gives back its process and its memory."""
    artifact = an_artifact(ECHO.source, isolation=Isolation.FUNCTION)
    async with LocalDriver(LocalSettings(spares=1, reuse_idle_s=0.02)) as brief:
        await brief.deploy(artifact)
        outcome = await brief.invoke(an_invocation(artifact, 1))

        async def is_ended() -> bool:
            numbers = (await brief.health()).numbers
            return numbers["bound_idle"] == 0 and numbers["memory_reserved_bytes"] == 0

        await until(is_ended)

    assert outcome.result == 1


async def test_a_worker_of_another_function_makes_room() -> None:
    """An idle worker that is bound elsewhere is ended when somebody needs its memory."""
    settings = LocalSettings(spares=1, memory_budget_bytes=64 * MIB)
    first = an_artifact(ECHO.source, isolation=Isolation.FUNCTION)
    second = an_artifact(ECHO.source + "# other", isolation=Isolation.FUNCTION)

    async with LocalDriver(settings) as narrow:
        await narrow.deploy(first)
        await narrow.deploy(second)
        outcomes = [
            await narrow.invoke(an_invocation(artifact, 1)) for artifact in (first, second, first)
        ]

    assert [outcome.result for outcome in outcomes] == [1, 1, 1]


async def test_leaving_lets_calls_in_flight_finish() -> None:
    """A call that runs when the driver is left keeps its outcome; a later one is told."""
    artifact = an_artifact(SLEEPS)
    async with LocalDriver(LocalSettings(spares=1)) as driver:
        await driver.deploy(artifact)
        call = asyncio.create_task(driver.invoke(an_invocation(artifact, 0.3)))
        await asyncio.sleep(0)

    assert (await call).result == "slept"
    assert (await driver.invoke(an_invocation(artifact, 0))).kind is OutcomeKind.PLATFORM_ERROR


async def test_a_compiler_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its compiler the driver says so at deploy and in its health."""
    monkeypatch.setattr("drivers.local.zygote.find_compiler_folder", lambda: "/nowhere")

    async with LocalDriver(LocalSettings(spares=1)) as driver:
        deployment = await driver.deploy(an_artifact(ECHO.source))
        health = await driver.health()

    assert deployment.kind is OutcomeKind.PLATFORM_ERROR
    assert health.state is HealthState.DEGRADED
    assert "Nothing can be deployed" in health.reasons[0]


async def test_a_source_that_the_compiler_does_not_survive_is_bad_code(
    driver: LocalDriver,
) -> None:
    """A source that makes the parser fail is refused, and the next one is compiled."""
    deep = "def handler(event, context):\n    return " + "(" * 5000 + ")" * 5000 + "\n"

    refused = await driver.deploy(an_artifact(deep))
    taken = await driver.deploy(an_artifact(ECHO.source))

    assert refused.kind is OutcomeKind.BAD_CODE
    assert taken.kind is OutcomeKind.OK
