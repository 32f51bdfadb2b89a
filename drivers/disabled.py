"""A driver that runs nothing and says which setting to change."""

from types import TracebackType
from typing import Self

from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Health,
    HealthState,
    Invocation,
    Outcome,
    OutcomeKind,
)


class DisabledDriver:
    """Turn every call away with the outcome `disabled`; publishing works as usual."""

    name = "disabled"

    def __init__(self, setting: str, process: str) -> None:
        """Name the setting that turns functions on and the process that has to restart."""
        self._detail = (
            f"Functions are turned off here: set {setting} to LOCAL for the process `{process}` "
            "and start it again."
        )

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
        """Accept any artifact, so that functions can be prepared while calls are off."""
        return Deployment(OutcomeKind.OK)

    async def invoke(self, invocation: Invocation) -> Outcome:  # noqa: ARG002 - the port asks for it.
        """Return the outcome `disabled`."""
        return Outcome(OutcomeKind.DISABLED, driver=self.name, detail=self._detail)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget nothing."""

    def capabilities(self) -> Capabilities:
        """Offer no isolation, because nothing runs."""
        return Capabilities(driver=self.name, isolations=frozenset())

    async def health(self) -> Health:
        """Report ok: being off is what was asked for."""
        return Health(HealthState.OK)
