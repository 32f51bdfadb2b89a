"""Nothing is left behind: not after many calls, and not when the host is killed."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop

from drivers.local import LocalDriver, LocalSettings
from drivers.port import Artifact, Isolation
from sanderling.kernel.units import MIB
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.sandbox import are_gone, children_of, descendants_of, open_descriptors, page_of

pytestmark = pytest.mark.slow

SETTINGS = LocalSettings(spares=2)


def serve_and_leave(calls: int) -> None:
    """Serve some calls of every kind on a loop of its own, and leave."""

    async def serve() -> None:
        async with LocalDriver(SETTINGS) as driver:
            for isolation in Isolation.CALL, Isolation.FUNCTION:
                artifact = an_artifact(ECHO.source, isolation=isolation)
                await driver.deploy(artifact)
                for _ in range(calls // 8):
                    await asyncio.gather(
                        *(driver.invoke(an_invocation(artifact, number)) for number in range(4))
                    )

    uvloop.run(serve())


def check_leaves_nothing(calls: int) -> None:
    """Check that no process and no descriptor is left."""
    serve_and_leave(8)
    descriptors, children = open_descriptors(), children_of(os.getpid())

    serve_and_leave(calls)

    assert open_descriptors() == descriptors
    assert children_of(os.getpid()) == children


def test_hundreds_of_calls_leave_nothing_behind() -> None:
    """Neither descriptors nor processes, dead or alive, add up; uvloop is the loop here."""
    check_leaves_nothing(300)


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_ten_thousand_calls_leave_nothing_behind() -> None:
    """Neither descriptors nor processes, dead or alive, add up in the long run."""
    check_leaves_nothing(10_000)


def resident_bytes(pids: list[int]) -> int:
    """Return what these processes hold, each for itself."""
    pages = [page_of(pid, "statm").split() for pid in pids]
    return sum(int(page[1]) for page in pages if page) * os.sysconf("SC_PAGE_SIZE")


async def call_often(driver: LocalDriver, artifact: Artifact, calls: int) -> None:
    """Make so many calls, four at a time."""
    for _ in range(calls // 4):
        await asyncio.gather(
            *(driver.invoke(an_invocation(artifact, number)) for number in range(4))
        )


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_ten_thousand_calls_do_not_grow_host_or_zygotes() -> None:
    """Memory after many calls is what it was after few."""

    async def grow() -> dict[str, int]:
        grown: dict[str, int] = {}
        others = set(children_of(os.getpid()))
        async with LocalDriver(SETTINGS) as driver:
            artifact = an_artifact(ECHO.source)
            await driver.deploy(artifact)
            await call_often(driver, artifact, 1000)
            zygotes = sorted(set(children_of(os.getpid())) - others)
            before = resident_bytes([os.getpid()]), resident_bytes(zygotes)
            await call_often(driver, artifact, 10_000)
            assert sorted(set(children_of(os.getpid())) - others) == zygotes
            grown["host"] = resident_bytes([os.getpid()]) - before[0]
            grown["zygotes"] = resident_bytes(zygotes) - before[1]
        return grown

    grown = uvloop.run(grow())

    # A leak of a hundred bytes in each call would be a megabyte.
    assert grown["host"] < MIB
    assert grown["zygotes"] < MIB


HOST = """
import asyncio, os, sys
sys.path[:0] = sys.argv[1:]
from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from support.artifacts import an_artifact, an_invocation

async def main():
    async with LocalDriver(LocalSettings(spares=2)) as driver:
        for source in ("while True: pass", "import time; time.sleep(50)"):
            body = f"def handler(event, context):\\n    {source}\\n"
            artifact = an_artifact(body, limits=Limits(wall_s=60, cpu_s=10))
            await driver.deploy(artifact)
            asyncio.ensure_future(driver.invoke(an_invocation(artifact)))
        while (await driver.health()).numbers["busy"] < 2:
            await asyncio.sleep(0.01)
        print("serving", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_host_leaves_no_process() -> None:
    """When the host is killed in the middle of calls, everything below it ends by itself."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(root), str(root / "tests")],
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "serving\n"
        below = descendants_of(host.pid)

        host.kill()

        assert len(below) >= 4
        assert are_gone(below, within_s=10)
