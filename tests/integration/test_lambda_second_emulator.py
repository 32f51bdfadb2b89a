"""A stricter emulator with AWS's own runtime interface agrees with what MiniStack showed."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from drivers.aws_lambda.blueprint import name_of
from drivers.limits import Limits
from drivers.port import Artifact, OutcomeKind
from sanderling.kernel.ids import FunctionId
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.lambdas import running_driver
from support.localemu import run_localemu
from support.ministack import MiniStack

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]

RAISING = 'def handler(event, context):\n    print("before")\n    raise ValueError("no")\n'
ENDLESS = 'def handler(event, context):\n    print("begun")\n    while True:\n        pass\n'


@pytest.fixture(scope="module")
def localemu() -> Iterator[MiniStack]:
    """Return one emulator for all of these; each test has functions of its own."""
    with run_localemu() as running:
        yield running


def function(name: str, source: str = ECHO.source, limits: Limits | None = None) -> Artifact:
    """Return an artifact of a function of this name."""
    artifact = an_artifact(source, limits=limits or Limits())
    return replace(artifact, key=replace(artifact.key, function_id=FunctionId(name)))


async def test_a_function_runs_behind_the_walls(localemu: MiniStack) -> None:
    """The guest proves its walls in an environment that another program made."""
    artifact = function("echo")
    async with running_driver(localemu.settings()) as running:
        deployed = await running.driver.deploy(artifact)
        outcome = await running.driver.invoke(an_invocation(artifact, {"x": [1, "ä"]}))

    assert deployed.kind is OutcomeKind.OK
    assert (outcome.kind, outcome.result) == (OutcomeKind.OK, {"x": [1, "ä"]})
    assert {"process", "seccomp"} <= set(outcome.layers)


async def test_failures_of_functions_are_told_alike(localemu: MiniStack) -> None:
    """An exception has its line and its log, and a call without end ends at its limit."""
    raising, endless = function("raising", RAISING), function("endless", ENDLESS, Limits(wall_s=1))
    async with running_driver(localemu.settings()) as running:
        for artifact in (raising, endless):
            await running.driver.deploy(artifact)
        raised = await running.driver.invoke(an_invocation(raising))
        ended = await running.driver.invoke(an_invocation(endless))
        again = await running.driver.invoke(an_invocation(raising))

    assert raised.kind is again.kind is OutcomeKind.USER_ERROR
    assert (raised.error and raised.error.type, raised.logs) == ("ValueError", "before\n")
    assert (ended.kind, ended.logs) == (OutcomeKind.TIMEOUT, "begun\n")


async def test_of_eight_who_deploy_one_makes_the_function(localemu: MiniStack) -> None:
    """All of them may call it, and deleting it removes it at the emulator."""
    artifact = function("raced")
    name = name_of(artifact.key, localemu.settings())
    client = localemu.client("lambda")
    async with running_driver(localemu.settings()) as running:
        deployed = await asyncio.gather(*(running.driver.deploy(artifact) for _ in range(8)))
        outcome = await running.driver.invoke(an_invocation(artifact, 8))
        made = [each["FunctionName"] for each in client.list_functions()["Functions"]]
        await running.driver.delete(artifact.key)
        left = [each["FunctionName"] for each in client.list_functions()["Functions"]]

    assert {each.kind for each in deployed} == {OutcomeKind.OK}
    assert outcome.result == 8
    assert (made.count(name), left.count(name)) == (1, 0)
