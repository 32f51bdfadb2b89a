"""Nothing is left behind: not after many calls, and not when the host is killed."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop

from drivers.local import LocalDriver, LocalSettings
from drivers.port import Isolation
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.sandbox import are_gone, children_of, descendants_of, open_descriptors

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
@pytest.mark.timeout(600)
def test_ten_thousand_calls_leave_nothing_behind() -> None:
    """Neither descriptors nor processes, dead or alive, add up in the long run."""
    check_leaves_nothing(10_000)


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
