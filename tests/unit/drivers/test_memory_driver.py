"""The memory driver can be scripted by the source alone."""

import pytest

from drivers.memory import MemoryDriver
from drivers.port import OutcomeKind
from support.artifacts import an_artifact, an_invocation


@pytest.mark.parametrize("kind", ["timeout", "crashed", "saturated", "platform_error"])
async def test_the_first_line_of_a_source_names_the_outcome(kind: str) -> None:
    """A source that starts with `# outcome: WORD` ends in that word."""
    artifact = an_artifact(f"# outcome: {kind}\n")
    async with MemoryDriver() as driver:
        await driver.deploy(artifact)

        outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind == kind


async def test_bad_code_is_refused_at_deploy() -> None:
    """A source scripted as bad code cannot be deployed."""
    async with MemoryDriver() as driver:
        deployment = await driver.deploy(an_artifact("# outcome: bad_code\n"))

    assert deployment.kind is OutcomeKind.BAD_CODE
    assert deployment.error is not None


async def test_any_other_source_answers_with_its_event() -> None:
    """A source that nobody scripted echoes."""
    artifact = an_artifact("def handler(event, context): ...")
    async with MemoryDriver() as driver:
        await driver.deploy(artifact)

        outcome = await driver.invoke(an_invocation(artifact, {"a": 1}))

    assert outcome.result == {"a": 1}
