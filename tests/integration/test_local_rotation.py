"""Zygotes are replaced in time, and nobody who calls notices."""

import asyncio
import os

import pytest

from drivers.errors import DriverError
from drivers.local import LocalDriver, LocalSettings
from drivers.port import HealthState, Isolation
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.sandbox import children_of
from support.waiting import until

pytestmark = pytest.mark.slow

SETTINGS = LocalSettings(spares=2, zygote_forks=6)


async def rotations_of(driver: LocalDriver) -> float:
    """Return how often a zygote took over from another."""
    return (await driver.health()).numbers["zygote_rotations"]


async def test_a_new_zygote_takes_over_after_so_many_forks() -> None:
    """Every call is served, no restart is counted, and of the old zygotes none is left."""
    artifact = an_artifact(ECHO.source)
    before = set(children_of(os.getpid()))

    async with LocalDriver(SETTINGS) as driver:
        await driver.deploy(artifact)
        results: list[object] = []

        async def has_rotated() -> bool:
            results.append((await driver.invoke(an_invocation(artifact, len(results)))).result)
            return await rotations_of(driver) >= 2

        await until(has_rotated)

        async def is_alone() -> bool:
            # One that serves calls and one that compiles.
            return len(set(children_of(os.getpid())) - before) == 2

        await until(is_alone)
        health = await driver.health()

    assert results == list(range(len(results)))
    assert health.numbers["zygote_restarts"] == 0
    assert set(children_of(os.getpid())) == before


async def test_a_worker_in_use_outlives_the_rotation() -> None:
    """A reused worker of an old zygote goes on serving its function."""
    kept = an_artifact(ECHO.source + "# kept", isolation=Isolation.FUNCTION)
    other = an_artifact(ECHO.source)

    async with LocalDriver(SETTINGS) as driver:
        await driver.deploy(kept)
        await driver.deploy(other)
        await driver.invoke(an_invocation(kept, 0))

        async def has_rotated() -> bool:
            await driver.invoke(an_invocation(other, 0))
            return await rotations_of(driver) >= 1

        await until(has_rotated)
        outcome = await driver.invoke(an_invocation(kept, "again"))
        numbers = (await driver.health()).numbers

    assert outcome.result == "again"
    assert numbers["bound_idle"] == 1


async def test_a_rotation_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old zygote goes on, calls are served, and the next attempt succeeds."""
    artifact = an_artifact(ECHO.source)
    is_refused = asyncio.Event()

    def refuse() -> str:
        is_refused.set()
        raise DriverError(driver="local", reason="no zones today")

    async with LocalDriver(SETTINGS) as driver:
        await driver.deploy(artifact)
        with monkeypatch.context() as patched:
            patched.setattr("drivers.local.zygote.find_zones_folder", refuse)
            while not is_refused.is_set():
                assert (await driver.invoke(an_invocation(artifact, 1))).result == 1
            assert (await driver.invoke(an_invocation(artifact, 2))).result == 2
            assert await rotations_of(driver) == 0

        async def has_rotated() -> bool:
            await driver.invoke(an_invocation(artifact, 3))
            return await rotations_of(driver) >= 1

        await until(has_rotated)
        health = await driver.health()

    assert health.state is HealthState.OK
