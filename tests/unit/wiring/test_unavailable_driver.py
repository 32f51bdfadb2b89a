"""A driver that could not start is told in every answer, and nothing runs."""

from drivers.port import Artifact, ArtifactKey, Digest, HealthState, Invocation, OutcomeKind
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.wiring.unavailable import UnavailableDriver

KEY = ArtifactKey(WorkspaceId("ws_1"), FunctionId("fn_1"), Digest("d"))


async def test_every_answer_names_the_reason() -> None:
    """Deploy, invoke and health all say why; calls end as misconfigured."""
    async with UnavailableDriver("local", "No seccomp here.") as driver:
        deployment = await driver.deploy(Artifact(KEY, "x = 1"))
        outcome = await driver.invoke(Invocation(CallId("call_1"), KEY, b"1"))
        health = await driver.health()
        await driver.delete(KEY)

    assert deployment.kind is outcome.kind is OutcomeKind.MISCONFIGURED
    assert health.state is HealthState.DOWN
    for text in (deployment.detail, outcome.detail, *health.reasons):
        assert "No seccomp here." in text
        assert "sanderling doctor" in text
    assert outcome.driver == driver.capabilities().driver == "local"
    assert driver.capabilities().isolations == frozenset()
