"""What the disabled driver does instead of running functions."""

from drivers.disabled import DisabledDriver
from drivers.port import HealthState, OutcomeKind
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO


async def test_the_disabled_driver_publishes_but_never_runs() -> None:
    """Deploying works, calls end in `disabled` with the setting and the process to change."""
    artifact = an_artifact(ECHO.source)

    async with DisabledDriver("SERVERLESS_TYPE", "sanderling serve") as driver:
        deployment = await driver.deploy(artifact)
        outcome = await driver.invoke(an_invocation(artifact))
        await driver.delete(artifact.key)
        health = await driver.health()

    assert deployment.kind is OutcomeKind.OK
    assert outcome.kind is OutcomeKind.DISABLED
    assert outcome.driver == "disabled"
    assert "SERVERLESS_TYPE" in outcome.detail
    assert "sanderling serve" in outcome.detail
    assert health.state is HealthState.OK
    assert driver.capabilities().isolations == frozenset()
