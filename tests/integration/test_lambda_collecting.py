"""What nobody needs is removed at AWS, and nothing else, whoever else is at it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drivers.aws_lambda.blueprint import blueprint_of, name_of
from drivers.errors import DriverError
from drivers.port import Artifact, HealthState, OutcomeKind
from sanderling.kernel.ids import FunctionId
from support.artifacts import an_artifact, an_invocation
from support.faults import answer, injected
from support.guest_programs import ECHO
from support.lambdas import running_driver
from support.ministack import MiniStack, run_ministack

pytestmark = pytest.mark.slow

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture(scope="module")
def ministack() -> Iterator[MiniStack]:
    """Return one emulator for all of these; each test has a namespace of its own."""
    with run_ministack() as running:
        yield running


def function(name: str, result: int = 0) -> Artifact:
    """Return an artifact of a function of this name; `result` tells its versions apart."""
    artifact = an_artifact(f"def handler(event, context):\n    return {result}\n")
    return replace(artifact, key=replace(artifact.key, function_id=FunctionId(name)))


def names(ministack: MiniStack, prefix: str) -> set[str]:
    """Return the names of functions at the emulator that begin with `prefix`."""
    listed = ministack.client("lambda").list_functions(MaxItems=1000)["Functions"]
    return {each["FunctionName"] for each in listed if each["FunctionName"].startswith(prefix)}


async def test_a_namespace_that_begins_like_another_is_left_alone(ministack: MiniStack) -> None:
    """`blue` collects nothing of `blue-green`, although its names begin with `blue-`."""
    other = ministack.settings(namespace="blue-green")
    async with running_driver(other) as running:
        await running.driver.deploy(function("fn_other"))
    async with running_driver(ministack.settings(namespace="blue")) as running:
        await running.driver.deploy(function("fn_mine"))

        collected = await running.driver.collect([], now=LATER)

    mine = name_of(function("fn_mine").key, ministack.settings(namespace="blue"))
    assert collected.removed == (mine,)
    assert name_of(function("fn_other").key, other) in collected.foreign
    assert len(names(ministack, "blue-green-")) == 2


async def test_two_who_collect_at_once_call_nothing_of_ours_foreign(ministack: MiniStack) -> None:
    """What the other one has removed meanwhile is gone, and that is all."""
    settings = ministack.settings(namespace="both")
    async with running_driver(settings) as first, running_driver(settings) as second:
        for number in range(4):
            await first.driver.deploy(function(f"fn_{number}"))

        both = await asyncio.gather(
            *(each.driver.collect([], now=LATER) for each in (first, second))
        )

    assert [each.foreign for each in both] == [(), ()]
    assert len({name for each in both for name in each.removed}) == 4
    assert names(ministack, "both-fn_") == set()


async def test_a_call_while_its_function_is_collected_is_served(ministack: MiniStack) -> None:
    """Collected under a deployer, a version says that it is not deployed, and is deployed again."""
    artifact = function("fn_rolled", 5)
    async with running_driver(ministack.settings(namespace="back")) as running:
        await running.driver.deploy(artifact)
        # Its version is not among those that are kept, as if it had been published just now.
        collecting = asyncio.create_task(running.driver.collect([], now=LATER))
        deployed = await asyncio.gather(*(running.driver.deploy(artifact) for _ in range(8)))
        collected = await collecting
        missed = await running.driver.invoke(an_invocation(artifact))
        again = await running.driver.deploy(artifact)
        served = await running.driver.invoke(an_invocation(artifact))

    assert len(collected.removed) == 1
    assert {each.kind for each in deployed} == {OutcomeKind.OK}
    assert missed.kind is OutcomeKind.NOT_DEPLOYED
    assert (again.kind, served.result) == (OutcomeKind.OK, 5)


async def test_one_that_cannot_be_removed_keeps_no_other(ministack: MiniStack) -> None:
    """The others are removed, and the refusal is told."""
    conflict = answer(409, "ResourceConflictException", "An update is in progress")
    async with running_driver(ministack.settings(namespace="stuck")) as running:
        for number in range(3):
            await running.driver.deploy(function(f"fn_{number}"))
        with (
            injected(running.clients.control, "DeleteFunction", [conflict]),
            pytest.raises(DriverError),
        ):
            await running.driver.collect([], now=LATER)

    assert len(names(ministack, "stuck-fn_")) == 1


async def test_a_runner_that_was_removed_is_made_again(ministack: MiniStack) -> None:
    """Neither health nor drafts need a restart of the server."""
    draft = replace(function("fn_draft", 3), is_draft=True)
    settings = ministack.settings(namespace="healed")
    client = ministack.client("lambda")
    async with running_driver(settings) as running:
        await running.driver.deploy(draft)
        (runner,) = names(ministack, "healed-runner-")

        client.delete_function(FunctionName=runner)
        health = await running.driver.health()
        made_by_health = names(ministack, "healed-runner-")
        client.delete_function(FunctionName=runner)
        missed = await running.driver.invoke(an_invocation(draft))
        deployed = await running.driver.deploy(draft)
        served = await running.driver.invoke(an_invocation(draft))

    assert (health.state, made_by_health) == (HealthState.OK, {runner})
    assert missed.kind is OutcomeKind.NOT_DEPLOYED
    assert (deployed.kind, served.result) == (OutcomeKind.OK, 3)


async def test_a_function_with_our_name_and_no_tags_of_ours_is_foreign(
    ministack: MiniStack,
) -> None:
    """It is counted and left, whatever its age."""
    settings = ministack.settings(namespace="alien")
    foreign = blueprint_of(an_artifact(ECHO.source), settings).request(settings)
    ministack.client("lambda").create_function(**foreign | {"Tags": {"managed-by": "sanderling"}})
    async with running_driver(settings) as running:
        collected = await running.driver.collect([], now=LATER)

    assert (collected.removed, collected.foreign) == ((), (foreign["FunctionName"],))
