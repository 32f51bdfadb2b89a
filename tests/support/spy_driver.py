"""A memory driver that watches, and does on demand what no driver should."""

import asyncio
from collections.abc import Mapping

from drivers.memory import MemoryDriver
from drivers.port import Artifact, Deployment, Invocation, Outcome
from sanderling.kernel.jsontext import JSON


class SpyDriver(MemoryDriver):
    """A memory driver that counts, and does on demand what no driver should."""

    def __init__(self) -> None:
        """Count from zero."""
        super().__init__()
        self.deployed = 0
        self.invoked = 0
        self.raises: Exception | None = None
        self.deploys_with: Deployment | None = None
        self.last_context: Mapping[str, JSON] = {}

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Count, then deploy."""
        self.deployed += 1
        await asyncio.sleep(0)
        return self.deploys_with or await super().deploy(artifact)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Count, then invoke."""
        self.invoked += 1
        self.last_context = invocation.context
        if self.raises is not None:
            raise self.raises
        return await super().invoke(invocation)

    def lose_everything(self) -> None:
        """Forget what was deployed, as a driver that was started again."""
        self._deployed.clear()
