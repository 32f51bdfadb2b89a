"""The parts are joined, and come apart in an order that loses nothing."""

import sqlite3
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import httpx2
import pytest

from config.layers import Layers
from config.loader import build_snapshot
from config.snapshot import Snapshot
from drivers.errors import DriverError
from drivers.memory import MemoryDriver
from drivers.port import Driver, HealthState, OutcomeKind
from runner.call import CallRequest
from runner.errors import DeploymentError
from runner.function import Definition
from sanderling.api import create_app
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.wiring import Runtime, open_runtime
from sanderling.wiring.errors import HomeUnusableError
from sanderling.wiring.home import open_home, write_env_file

SOURCE = "def handler(event, context):\n    return event\n"


class BrokenDriver(MemoryDriver):
    """A driver that cannot start."""

    async def __aenter__(self) -> Self:
        """Refuse to start."""
        raise DriverError(driver="local", reason="seccomp is missing")


def snapshot(home: Path, **values: str) -> Snapshot:
    """Return settings for a home, from these values alone."""
    return build_snapshot(Layers(arguments={"SANDERLING_HOME": str(home), **values}))


@asynccontextmanager
async def runtime(home: Path, driver: Driver | None = None) -> AsyncGenerator[Runtime]:
    """Yield a runtime on a home with a driver that starts no process."""
    async with open_runtime(
        snapshot(home), process="test", driver=lambda _: driver or MemoryDriver()
    ) as opened:
        yield opened


def request(opened: Runtime, function: str) -> CallRequest:
    """Return the operator's request to call a function."""
    return CallRequest(opened.operator, function, b"1", opened.services.ids.request())


async def test_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """A home that is not there is made with its database, both private."""
    async with runtime(tmp_path / "a" / "home"):
        pass

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")}
    assert modes == {"home": 0o700, "sanderling.db": 0o600}


async def test_records_of_the_last_moment_survive_a_clean_stop(tmp_path: Path) -> None:
    """A call that ended just before the stop is in the database afterwards."""
    async with runtime(tmp_path) as opened:
        principal = await opened.services.gate.authenticate(opened.operator)
        await opened.services.functions.create(principal, "echo", Definition(SOURCE))
        await opened.services.functions.publish(principal, "echo")
        report = await opened.services.pipeline.call(request(opened, "echo"))

    with sqlite3.connect(tmp_path / "sanderling.db") as database:
        ids = [row[0] for row in database.execute("SELECT id FROM calls")]
    database.close()
    assert ids == [report.record.id]


async def test_workspace_stays_the_same_over_restarts(tmp_path: Path) -> None:
    """The default workspace is made once."""
    async with runtime(tmp_path) as first:
        pass
    async with runtime(tmp_path) as second:
        pass

    assert first.default_workspace_id == second.default_workspace_id


async def test_driver_that_cannot_start_is_told_and_the_rest_works(tmp_path: Path) -> None:
    """Functions can be kept, readiness says why, publishing says why, and nothing runs."""
    async with runtime(tmp_path, BrokenDriver()) as opened:
        services = opened.services
        principal = await services.gate.authenticate(opened.operator)
        await services.functions.create(principal, "echo", Definition(SOURCE))
        health = await services.readiness["driver"]()
        with pytest.raises(DeploymentError, match="seccomp is missing"):
            await services.functions.publish(principal, "echo")

        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(create_app(services)), base_url="http://test"
        ) as visitor:
            ready = await visitor.get("/health/ready")
            live = await visitor.get("/health/live")

    assert health.state is HealthState.DOWN
    assert "seccomp is missing" in health.reasons[0]
    assert (ready.status_code, live.status_code) == (503, 200)
    assert "seccomp is missing" in ready.text


async def test_version_published_earlier_ends_as_misconfigured(tmp_path: Path) -> None:
    """A call of what was published before gets an outcome that says why, and is recorded."""
    async with runtime(tmp_path) as opened:
        principal = await opened.services.gate.authenticate(opened.operator)
        await opened.services.functions.create(principal, "echo", Definition(SOURCE))
        await opened.services.functions.publish(principal, "echo")

    async with runtime(tmp_path, BrokenDriver()) as opened:
        report = await opened.services.pipeline.call(request(opened, "echo"))
        principal = await opened.services.gate.authenticate(opened.operator)
        kept = await opened.services.calls.get(principal, report.record.id)

    assert kept.outcome.kind is OutcomeKind.MISCONFIGURED
    assert "seccomp is missing" in kept.outcome.detail


async def test_every_part_is_ready(tmp_path: Path) -> None:
    """Readiness asks database, call log, driver and executions."""
    async with runtime(tmp_path) as opened:
        states = {name: (await ask()).state for name, ask in opened.services.readiness.items()}

    assert states == dict.fromkeys(("database", "call_log", "driver", "executions"), HealthState.OK)


async def test_database_that_is_away_is_a_fault(tmp_path: Path) -> None:
    """Nothing starts without the database; the fault does not show its address."""
    away = snapshot(tmp_path, DATABASE_URL="postgresql://app:hunter2@127.0.0.1:1/none")

    with pytest.raises(StoreUnavailableError) as fault:
        async with open_runtime(away, process="test", driver=lambda _: MemoryDriver()):
            pass

    assert "hunter2" not in str(fault.value)


async def test_home_that_is_a_file_is_a_fault(tmp_path: Path) -> None:
    """A file where the home should be is said to be no folder."""
    (tmp_path / "home").touch()

    with pytest.raises(HomeUnusableError, match="not a folder"):
        async with runtime(tmp_path / "home"):
            pass


def test_home_below_a_file_is_a_fault(tmp_path: Path) -> None:
    """A home that cannot be made is told with the system's reason."""
    (tmp_path / "file").touch()

    with pytest.raises(HomeUnusableError):
        open_home(tmp_path / "file" / "home")
    with pytest.raises(HomeUnusableError):
        write_env_file(tmp_path / "gone")


def test_env_file_is_written_once(tmp_path: Path) -> None:
    """What is in the .env file is never changed."""
    assert write_env_file(tmp_path)
    before = (tmp_path / ".env").read_bytes()

    assert not write_env_file(tmp_path)
    assert (tmp_path / ".env").read_bytes() == before
