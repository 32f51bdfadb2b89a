"""Starts a driver when the first call needs it: listing functions needs no sandbox."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Driver,
    Health,
    Invocation,
    Outcome,
)
from sanderling.wiring.unavailable import started


class OnDemandDriver:
    """Be another driver, started by the first deployment, call or question for its health.

    One that cannot start is told by outcomes, as in a server. One event loop owns it.
    """

    def __init__(self, driver: Driver) -> None:
        """Take a driver that was not started."""
        self._driver = driver
        self._running: Driver | None = None
        self._stack = AsyncExitStack()
        self._start = asyncio.Lock()

    @property
    def name(self) -> str:
        """The word that outcomes carry: that of the other driver."""
        return self._driver.name

    async def __aenter__(self) -> Self:
        """Start nothing yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the other driver where it was started."""
        await self._stack.__aexit__(kind, error, traceback)

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Start where needed, then deploy."""
        return await (await self._get()).deploy(artifact)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Start where needed, then run one call."""
        return await (await self._get()).invoke(invocation)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact; one that was never started knows none."""
        if self._running is not None:
            await self._running.delete(key)

    def capabilities(self) -> Capabilities:
        """Say what was proven; nothing before the start."""
        if self._running is None:
            return Capabilities(driver=self.name, isolations=frozenset())
        return self._running.capabilities()

    async def health(self) -> Health:
        """Start where needed, then ask."""
        return await (await self._get()).health()

    async def _get(self) -> Driver:
        async with self._start:
            if self._running is None:
                self._running = await self._stack.enter_async_context(started(self._driver))
        return self._running
