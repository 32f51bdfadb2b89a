"""Without walls the language layer, the deadline and honest words are what is left."""

import asyncio
import os
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from drivers.errors import DriverError
from drivers.limits import Limits
from drivers.local import DevelopmentDriver, LocalSettings
from drivers.port import Isolation, Outcome, OutcomeKind
from sanderling.kernel.jsontext import JSON
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO, SPINS
from support.sandbox import children_of, open_descriptors

pytestmark = pytest.mark.slow

PRINTS_AND_SPINS = """
def handler(event, context):
    for number in range(100):
        print(number)
    while True:
        pass
"""


async def outcome_of(source: str, *, limits: Limits | None = None) -> Outcome:
    """Return what one call of `source` ends in."""
    artifact = an_artifact(source, limits=limits)
    async with DevelopmentDriver() as driver:
        deployment = await driver.deploy(artifact)
        assert deployment.kind is OutcomeKind.OK, deployment
        return await driver.invoke(an_invocation(artifact, 1))


async def test_every_outcome_says_that_nothing_isolates() -> None:
    """An ok outcome carries isolation none and the one layer that stands; the log says so, too."""
    with capture_logs() as lines:
        outcome = await outcome_of(ECHO.source)

    assert (outcome.kind, outcome.isolation) == (OutcomeKind.OK, Isolation.NONE)
    assert (outcome.layers, outcome.waived) == (("language",), ())
    assert [line["event"] for line in lines] == ["sandbox.omitted"]


@pytest.mark.parametrize(
    "body", ["import os\n    return 1", "return ().__class__", "return event.__class__"]
)
async def test_the_language_layer_stands(body: str) -> None:
    """What leaves the language is refused, with its line, as behind walls."""
    async with DevelopmentDriver() as driver:
        deployment = await driver.deploy(an_artifact(f"def handler(event, context):\n    {body}\n"))

    assert deployment.kind is OutcomeKind.BAD_CODE
    assert deployment.error is not None
    assert deployment.error.line == 2


async def test_late_imports_find_nothing() -> None:
    """C code that imports through the running frame works as behind walls."""
    source = (
        "from datetime import datetime\n"
        "def handler(event, context):\n"
        "    return datetime.strptime('2026-01-02', '%Y-%m-%d').day\n"
    )

    assert (await outcome_of(source)).result == 2


LINUX_ALONE = {
    *(
        "drivers.guest.libc",
        "drivers.guest.lock",
        "drivers.guest.seccomp",
        "drivers.guest.landlock",
    ),
    *("drivers.guest.rlimits", "drivers.guest.namespaces", "drivers.guest.zygote", "ctypes"),
}


@pytest.mark.parametrize("module", ["drivers.guest.unlocked", "drivers.local"])
def test_nothing_of_linux_is_loaded(module: str) -> None:
    """Neither the guest nor the host's side imports what only Linux has."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert module in done.stdout.split()
    assert LINUX_ALONE & set(done.stdout.split()) <= (
        {"ctypes"} if module == "drivers.local" else set()
    )


async def test_values_survive_the_way_in_and_out() -> None:
    """An echoing handler returns exactly the event, whatever JSON it is."""
    events: list[JSON] = [None, True, 2**63, -1.5e300, "ä\n\U0001f426", [[], {}], {"": {"a": [1]}}]
    artifact = an_artifact(ECHO.source)
    async with DevelopmentDriver() as driver:
        await driver.deploy(artifact)
        results = [(await driver.invoke(an_invocation(artifact, event))).result for event in events]

    assert results == events


async def test_a_deadline_keeps_the_log() -> None:
    """A call past its wall time is ended and what it printed is told."""
    outcome = await outcome_of(PRINTS_AND_SPINS, limits=Limits(wall_s=0.5))

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.limit is not None
    assert outcome.limit.name == "wall_s"
    assert outcome.logs.startswith("0\n1\n2\n")


async def test_computing_too_long_ends_by_the_cpu_limit() -> None:
    """Where the system bounds CPU time the limit that ended the call is named."""
    outcome = await outcome_of(SPINS.source, limits=Limits(wall_s=30, cpu_s=0.2))

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.limit is not None
    assert outcome.limit.name == "cpu_s"


async def test_nothing_is_left_running() -> None:
    """After calls that end in every way there is no process and no descriptor more than before."""
    async with DevelopmentDriver():
        pass  # whatever the event loop keeps for processes is there from here on.
    descriptors, children = open_descriptors(), children_of(os.getpid())
    artifact = an_artifact(SPINS.source, limits=Limits(wall_s=0.2))
    async with DevelopmentDriver() as driver:
        await driver.deploy(artifact)
        await driver.invoke(an_invocation(artifact))
        call = asyncio.ensure_future(driver.invoke(an_invocation(artifact)))
        await asyncio.sleep(0.05)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    assert children_of(os.getpid()) == children
    assert open_descriptors() == descriptors


async def test_calls_in_flight_finish_before_the_driver_is_left() -> None:
    """Leaving waits for the answer, and whoever comes later is turned away."""
    artifact = an_artifact(ECHO.source)
    async with DevelopmentDriver() as driver:
        await driver.deploy(artifact)
        call = asyncio.ensure_future(driver.invoke(an_invocation(artifact, 7)))
        await asyncio.sleep(0)

    assert (await call).result == 7
    assert (await driver.invoke(an_invocation(artifact))).kind is OutcomeKind.PLATFORM_ERROR


async def test_a_full_line_is_told() -> None:
    """More calls than may wait are saturated instead of piling up."""
    artifact = an_artifact(ECHO.source)
    async with DevelopmentDriver(LocalSettings(queue_limit=1)) as driver:
        await driver.deploy(artifact)
        calls = [driver.invoke(an_invocation(artifact)) for _ in range(8)]
        outcomes = await asyncio.gather(*calls)

    kinds = [outcome.kind for outcome in outcomes]
    assert set(kinds) == {OutcomeKind.OK, OutcomeKind.SATURATED}


@pytest.mark.parametrize("python", ["/bin/true", "/nowhere/python"])
async def test_an_interpreter_that_does_not_start_is_told(python: str) -> None:
    """A wrong interpreter makes the driver refuse, without leftovers."""
    children = children_of(os.getpid())

    with pytest.raises(DriverError):
        async with DevelopmentDriver(LocalSettings(python=python)):
            pass

    assert children_of(os.getpid()) == children


async def test_a_source_that_is_too_long_is_bad_code() -> None:
    """The limit on sources holds before anything is started."""
    async with DevelopmentDriver() as driver:
        deployment = await driver.deploy(an_artifact("#" * 99, limits=Limits(source_bytes=9)))

    assert deployment.kind is OutcomeKind.BAD_CODE
