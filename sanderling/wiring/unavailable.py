"""Stands in for a driver that could not start, so that everything else keeps working."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import structlog

from drivers.errors import DriverError
from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Driver,
    Health,
    HealthState,
    Invocation,
    Outcome,
    OutcomeKind,
)

log = structlog.get_logger()


@asynccontextmanager
async def started(driver: Driver) -> AsyncGenerator[Driver]:
    """Yield `driver`, started, or where it cannot start its stand-in, which says why."""
    async with AsyncExitStack() as stack:
        try:
            running: Driver = await stack.enter_async_context(driver)
        except DriverError as error:
            log.exception("driver.failed", driver=driver.name)
            running = UnavailableDriver(driver.name, error.detail)
        yield running


class UnavailableDriver:
    """Turn every call away with the outcome `misconfigured` and say why.

    The reason was found at the start. A server tries again by itself; who calls from a command
    starts the next one.
    """

    def __init__(self, name: str, reason: str) -> None:
        """Take the name of the driver that is missing, and why it is."""
        self._name = name
        self._detail = (
            f"{reason} `sanderling doctor` tells more. Once it is mended, a server starts it "
            "within a minute."
        )

    @property
    def name(self) -> str:
        """The word that outcomes carry: that of the missing driver."""
        return self._name

    async def __aenter__(self) -> Self:
        """Start nothing."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End nothing."""

    async def deploy(self, artifact: Artifact) -> Deployment:  # noqa: ARG002 - the port asks for it.
        """Take no code: nobody here could check it."""
        return Deployment(OutcomeKind.MISCONFIGURED, detail=self._detail)

    async def invoke(self, invocation: Invocation) -> Outcome:  # noqa: ARG002 - as above.
        """Return the outcome `misconfigured`."""
        return Outcome(OutcomeKind.MISCONFIGURED, driver=self._name, detail=self._detail)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget nothing."""

    def capabilities(self) -> Capabilities:
        """Offer no isolation, because nothing runs."""
        return Capabilities(driver=self._name, isolations=frozenset())

    async def health(self) -> Health:
        """Report down, with the reason."""
        return Health(HealthState.DOWN, (self._detail,))
