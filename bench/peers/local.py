"""Sanderling's Local driver in its three ways: warm, fresh and cold."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count as count_from
from types import TracebackType
from typing import Self

from bench.peer import PeerUnavailableError
from bench.workload import SOURCE
from drivers.errors import DriverError
from drivers.local import LocalDriver, LocalSettings
from drivers.port import (
    Artifact,
    ArtifactKey,
    Digest,
    Invocation,
    Isolation,
    Outcome,
    OutcomeKind,
)
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.kernel.units import MIB

_WORKSPACE = WorkspaceId("ws_bench")
_WARM_PARKED = 32
_COLD_PARKED = 200
_REFILL_S = 30.0
_REFILL_LOOK_S = 0.002
_STEADY_LOOKS = 20


class CallFailedError(Exception):
    """A call of the benchmark did not end well, so there is nothing to measure."""


def _artifact(number: int, isolation: Isolation) -> Artifact:
    return Artifact(
        key=ArtifactKey(_WORKSPACE, FunctionId(f"fn_{number}"), Digest(f"{number:064x}")),
        source=f"{SOURCE}# function {number}\n",
        isolation=isolation,
    )


class _LocalPeer:
    isolation = Isolation.CALL
    max_lanes = 8
    is_paced = False

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        # Room for the lanes and for every parked function at once; none may push another out.
        self._settings = LocalSettings(memory_budget_bytes=4096 * MIB)
        self._numbers = count_from()
        self._driver: LocalDriver
        self._key: ArtifactKey

    async def __aenter__(self) -> Self:
        """Start a driver of its own and deploy one function."""
        try:
            self._driver = await self._stack.enter_async_context(LocalDriver(self._settings))
        except DriverError as error:
            raise PeerUnavailableError(str(error)) from error
        self._key = await self._deploy(0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the driver with its processes."""
        await self._stack.aclose()

    async def _deploy(self, number: int) -> ArtifactKey:
        artifact = _artifact(number, self.isolation)
        deployment = await self._driver.deploy(artifact)
        if deployment.kind is not OutcomeKind.OK:
            raise CallFailedError(f"deploy: {deployment.kind} {deployment.detail}")
        return artifact.key

    async def _invoke(self, key: ArtifactKey, event_json: bytes) -> Outcome:
        call_id = CallId(f"call_{next(self._numbers)}")
        return await self._driver.invoke(Invocation(call_id, key, event_json))

    async def _wait_spares(self) -> None:
        """Return once the pool is full, or rests above the mark below which it refills."""
        wanted = self._settings.spares
        steady_looks, last = 0, -1
        async with asyncio.timeout(_REFILL_S):
            while last < wanted and steady_looks < _STEADY_LOOKS:
                await asyncio.sleep(_REFILL_LOOK_S)
                spares = int((await self._driver.health()).numbers["spares"])
                is_steady = spares == last and spares * 2 >= wanted
                steady_looks = steady_looks + 1 if is_steady else 0
                last = spares

    async def prepare(self) -> None:
        """Do nothing."""

    async def call(self, event_json: bytes, lane: int) -> bytes:  # noqa: ARG002 - one for all.
        """Invoke through the driver port."""
        call_id = CallId(f"call_{next(self._numbers)}")
        outcome = await self._driver.invoke(Invocation(call_id, self._key, event_json))
        if outcome.result_json is None:
            raise CallFailedError(f"{outcome.kind}: {outcome.detail}")
        return outcome.result_json


class LocalReuse(_LocalPeer):
    """A warm process that belongs to the function."""

    name = "local_reuse"
    isolation = Isolation.FUNCTION
    parks = _WARM_PARKED

    async def park(self, first: int, count: int) -> None:
        """Deploy more functions and call each once, so that each holds its process."""
        for number in range(first, first + count):
            await self._invoke(await self._deploy(number), b'{"id":"parked","numbers":[1]}')
        await self._wait_spares()


class LocalOneShot(_LocalPeer):
    """A fresh process for every call, forked before the call arrives; the default."""

    name = "local_oneshot"
    parks = _COLD_PARKED
    is_paced = True

    async def prepare(self) -> None:
        """Wait until the pool has forked what the last calls took from it."""
        await self._wait_spares()

    async def park(self, first: int, count: int) -> None:
        """Deploy more functions; between calls they have no process."""
        for number in range(first, first + count):
            await self._deploy(number)
        await self._wait_spares()


class LocalCold(_LocalPeer):
    """The first call of a function that was just deployed, in a process that it will keep."""

    name = "local_cold"
    isolation = Isolation.FUNCTION
    max_lanes = 1
    parks = 0
    is_paced = True

    async def prepare(self) -> None:
        """Forget the last function and deploy the next; meanwhile the pool is refilled."""
        await self._driver.delete(self._key)
        self._key = await self._deploy(next(self._numbers))
        await self._wait_spares()

    async def park(self, first: int, count: int) -> None:
        """Do nothing: cold is the opposite of parked."""
