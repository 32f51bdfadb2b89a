"""Deployments to AWS take turns, whoever asks for how many."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from drivers.aws_lambda.blueprint import WORKSPACE, Blueprint
from drivers.aws_lambda.caller import Caller
from drivers.aws_lambda.control import Control
from drivers.aws_lambda.deployer import Deployer
from drivers.aws_lambda.faults import Fault
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import Artifact, Deployment, OutcomeKind
from sanderling.kernel.ids import FunctionId, WorkspaceId
from support.artifacts import an_artifact
from support.guest_programs import ECHO
from support.waiting import until

SETTINGS = LambdaSettings(region="eu-central-1", role="arn:aws:iam::1:role/functions")
MANY = 100


class Slow:
    """A control plane where nothing gets ready before it is let go."""

    def __init__(self) -> None:
        """Begin with nothing that may."""
        self.asked: list[str] = []
        self._let_go = threading.Semaphore(0)

    def let_go(self, count: int = 2 * MANY) -> None:
        """Let so many functions get ready."""
        self._let_go.release(count)

    def ensure(self, blueprint: Blueprint, *, within_s: float) -> bool:
        """Note whose function is made, and wait."""
        self.asked.append(blueprint.tags[WORKSPACE])
        self._let_go.acquire(timeout=within_s)
        return True

    async def send(self, _: object) -> Fault:
        """Have nothing compile, which ends a deployment."""
        return Fault(OutcomeKind.PLATFORM_ERROR, "Whatever", "Whatever.")


@contextmanager
def deploying() -> Generator[tuple[Deployer, Slow]]:
    """Yield a deployer with eight threads, as the driver gives it, and what it asks."""
    slow = Slow()
    with ThreadPoolExecutor(8) as threads:
        made: Any = Deployer(cast("Caller", slow), cast("Control", slow), threads, SETTINGS)
        yield made, slow
        slow.let_go()


def versions(workspace: str, count: int) -> list[Artifact]:
    """Return so many versions of functions of this workspace."""
    artifact = an_artifact(ECHO.source)
    return [
        replace(
            artifact,
            key=replace(
                artifact.key,
                workspace_id=WorkspaceId(workspace),
                function_id=FunctionId(f"fn_{workspace}_{number}"),
            ),
        )
        for number in range(count)
    ]


async def begin(deployer: Deployer, some: list[Artifact]) -> list[asyncio.Task[Deployment]]:
    """Ask for deployments, and let each get as far as it can."""

    async def deploy(artifact: Artifact) -> Deployment:
        return (await deployer.deploy(artifact))[0]

    tasks = [asyncio.create_task(deploy(each)) for each in some]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_nobody_waits_for_the_deployments_of_another_workspace() -> None:
    """Behind a hundred versions of one workspace the first of another goes next."""
    with deploying() as (deployer, slow):
        tasks = await begin(deployer, versions("ws_noisy", MANY))
        await until(lambda: len(slow.asked) == 6)
        tasks += await begin(deployer, versions("ws_quiet", 1))

        slow.let_go(1)
        await until(lambda: len(slow.asked) == 7)
        slow.let_go()
        await asyncio.gather(*tasks)

    assert slow.asked[:7] == ["ws_noisy"] * 6 + ["ws_quiet"]


async def test_a_workspace_cannot_pile_up_deployments() -> None:
    """What waits keeps its source, so there is an end to it; others are not concerned."""
    with deploying() as (deployer, slow):
        tasks = await begin(deployer, versions("ws_noisy", MANY + 1))
        quiet = await begin(deployer, versions("ws_quiet", 1))
        refused = [task for task in tasks if task.done()]

        slow.let_go()
        ends = await asyncio.gather(*tasks, *quiet)
        again = await begin(deployer, versions("ws_noisy", 1))
        ends += await asyncio.gather(*again)

    assert [task.result().kind for task in refused] == [OutcomeKind.SATURATED]
    assert {end.kind for end in ends[MANY + 1 :]} == {OutcomeKind.PLATFORM_ERROR}


async def test_closing_waits_for_what_is_under_way_and_not_for_the_line() -> None:
    """A worker that is to end makes no functions that nobody asked for any more."""
    with deploying() as (deployer, slow):
        tasks = await begin(deployer, versions("ws_noisy", MANY))
        await until(lambda: len(slow.asked) == 6)
        closing = asyncio.create_task(deployer.close())
        await asyncio.sleep(0)

        slow.let_go()
        await closing
        ends = await asyncio.gather(*tasks)

    assert len(slow.asked) == 6
    assert [end.detail for end in ends].count("The driver is closing.") == MANY - 6
