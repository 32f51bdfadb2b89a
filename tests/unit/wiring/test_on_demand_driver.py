"""A driver on demand starts once, when it is needed, and ends with its owner."""

import asyncio
from types import TracebackType
from typing import Self

from drivers.errors import DriverError
from drivers.memory import MemoryDriver
from drivers.port import Artifact, ArtifactKey, Digest, HealthState, Invocation, OutcomeKind
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.wiring.on_demand import OnDemandDriver

KEY = ArtifactKey(WorkspaceId("ws_1"), FunctionId("fn_1"), Digest("d"))
CALL = Invocation(CallId("call_1"), KEY, b"1")


class Counted(MemoryDriver):
    """A driver that counts how often it is started and ended."""

    def __init__(self) -> None:
        """Start at nothing."""
        super().__init__()
        self.starts = 0
        self.ends = 0

    async def __aenter__(self) -> Self:
        """Count."""
        self.starts += 1
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Count."""
        self.ends += 1
        await super().__aexit__(kind, error, traceback)


class Broken(MemoryDriver):
    """A driver that cannot start."""

    async def __aenter__(self) -> Self:
        """Refuse to start."""
        raise DriverError(driver="memory", reason="no wall here")


async def test_nothing_starts_before_it_is_needed() -> None:
    """Forgetting and asking for capabilities need no driver."""
    inner = Counted()

    async with OnDemandDriver(inner) as driver:
        await driver.delete(KEY)
        capabilities = driver.capabilities()

    assert (inner.starts, inner.ends) == (0, 0)
    assert (capabilities.driver, capabilities.isolations) == ("memory", frozenset())


async def test_many_first_calls_start_it_once() -> None:
    """Calls that come together share one start; it ends with its owner."""
    inner = Counted()

    async with OnDemandDriver(inner) as driver:
        await asyncio.gather(*(driver.invoke(CALL) for _ in range(5)))
        deployment = await driver.deploy(Artifact(KEY, "def handler(e, c):\n    return e\n"))
        health = await driver.health()
        capabilities = driver.capabilities()
        await driver.delete(KEY)
        after = await driver.invoke(CALL)

    assert (inner.starts, inner.ends) == (1, 1)
    assert deployment.kind is OutcomeKind.OK
    assert after.kind is OutcomeKind.NOT_DEPLOYED
    assert health.state is HealthState.OK
    assert capabilities == inner.capabilities()


async def test_one_that_cannot_start_says_why() -> None:
    """The first call gets an outcome with the reason."""
    async with OnDemandDriver(Broken()) as driver:
        outcome = await driver.invoke(CALL)

    assert outcome.kind is OutcomeKind.MISCONFIGURED
    assert "no wall here" in outcome.detail
