"""The Local driver: compiles in a sandbox, and hands calls to sandboxed workers."""

import asyncio
import sys
from types import TracebackType
from typing import Self

from drivers.boundedcache import BoundedCache
from drivers.errors import DriverError
from drivers.flavours import flavour_for
from drivers.guest.flavour import COMPILING, RAW
from drivers.guest.layers import CGROUP
from drivers.local.bound import BoundWorkers
from drivers.local.budget import MemoryBudget
from drivers.local.compiler import Compiler
from drivers.local.dispatch import NAME, Deployed, Dispatch
from drivers.local.pool import Pool
from drivers.local.pools import Pools
from drivers.local.proofs import ZygoteReport
from drivers.local.requests import bind_frame
from drivers.local.settings import LocalSettings
from drivers.local.supervision import Supervision
from drivers.local.walls import Walls, check_walls
from drivers.local.workergroup import WorkerGroup
from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Health,
    HealthState,
    Invocation,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
)
from drivers.replies.exchange import Terms
from sanderling.kernel.units import MIB

_DEPLOYED_ITEMS = 16_384
_DEPLOYED_BYTES = 256 * MIB
_COMPILER_MEMORY_BYTES = 1024 * MIB
_CLOSING = "The driver is closing."
_NEEDS_LINUX = (
    "it needs Linux; use a Linux container, or for code of your own alone SANDBOX_DEVELOPMENT=true"
)


class LocalDriver:
    """Run each call in a fresh process behind proven walls, or reuse one per function version."""

    name = NAME

    def __init__(self, settings: LocalSettings | None = None) -> None:
        """Prepare; nothing is started before the driver is entered."""
        self._settings = settings = settings or LocalSettings()
        self._deployed: BoundedCache[ArtifactKey, Deployed] = BoundedCache(
            items=_DEPLOYED_ITEMS, size_bytes=_DEPLOYED_BYTES
        )
        self._in_flight = 0
        self._is_closing = False
        self._all_done = asyncio.Event()
        self._budget = MemoryBudget(settings.memory_budget_bytes)
        self._group = WorkerGroup(settings)
        supervision = Supervision(self._group.admit, self._check_walls)
        self._pools = Pools(
            settings,
            self._budget,
            make_room=lambda: self._bound.make_room(),  # noqa: PLW0108 - it is made after the pools.
            supervision=supervision,
        )
        self._bound = BoundWorkers(settings, self._budget, on_idle=self._pools.grant)
        self._dispatch = Dispatch(self._bound)
        compiling = Pool(
            COMPILING,
            settings,
            spares=1,
            budget=MemoryBudget(_COMPILER_MEMORY_BYTES),
            supervision=supervision,
        )
        self._compiler = Compiler(compiling, settings)

    @property
    def _is_raw(self) -> bool:
        return self._settings.experiment.is_raw

    async def __aenter__(self) -> Self:
        """Start the zygote, prove the walls and fill the pool.

        Raises:
            DriverError: a wall cannot be had here; nothing was left running.

        """
        if sys.platform != "linux":
            raise DriverError(driver=NAME, reason=_NEEDS_LINUX)
        self._group.open()
        if not self._is_raw:
            self._compiler.start_soon()
        try:
            await self._pools.start()
        except BaseException:
            await self._close()
            raise
        return self

    def _check_walls(self, report: ZygoteReport) -> Walls:
        return check_walls(report, self._settings, extras={CGROUP: self._group.proof})

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let calls and compilations in flight finish, then end every process."""
        self._is_closing = True
        if self._in_flight:
            # Each has a deadline of its own, so this ends.
            await self._all_done.wait()
        await self._close()

    async def _close(self) -> None:
        self._bound.close()
        await self._compiler.close()
        await self._pools.close()
        await self._group.close()

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Compile `artifact` in a sandbox and keep the bytecode; the host never reads it."""
        if self._deployed.get(artifact.key) is not None:
            return Deployment(OutcomeKind.OK)
        if self._is_closing:
            return Deployment(OutcomeKind.PLATFORM_ERROR, detail=_CLOSING)
        self._in_flight += 1
        try:
            return await self._deploy(artifact)
        finally:
            self._note_done()

    async def _deploy(self, artifact: Artifact) -> Deployment:
        limits = artifact.limits
        if limits.memory_bytes > self._settings.memory_budget_bytes:
            budget_mib = self._settings.memory_budget_bytes // MIB
            detail = f"memory_bytes is above the {budget_mib} MiB that all calls share here."
            budget = self._settings.memory_budget_bytes
            hit = LimitHit("memory_budget_bytes", budget, limits.memory_bytes)
            return Deployment(OutcomeKind.MISCONFIGURED, detail=detail, limit=hit)
        code = (
            artifact.source.encode("utf-8", "surrogatepass")
            if self._is_raw
            else await self._compiler.compile(artifact.source, limits, artifact.key)
        )
        if isinstance(code, Deployment):
            return code
        is_reused = artifact.isolation is Isolation.FUNCTION
        try:
            pool = await self._pools.wait(RAW if self._is_raw else flavour_for(artifact.source))
        except DriverError as error:
            return Deployment(OutcomeKind.PLATFORM_ERROR, detail=error.detail)
        deployed = Deployed(
            artifact,
            pool,
            bind_frame(code, limits, calls=self._settings.reuse_calls if is_reused else 1),
            Terms(limits.wall_s, limits.cpu_s, limits.log_bytes),
            is_reused,
            Isolation.NONE if self._is_raw else artifact.isolation,
        )
        size_bytes = len(deployed.bind) + len(artifact.source)
        self._deployed.put(artifact.key, deployed, size_bytes=size_bytes)
        return Deployment(OutcomeKind.OK)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact and end its idle workers."""
        deployed = self._deployed.pop(key)
        if deployed is not None:
            deployed.is_deleted = True
            self._bound.drop(deployed.bench.idle)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one call."""
        deployed = self._deployed.get(invocation.key)
        if deployed is None:
            return Outcome(OutcomeKind.NOT_DEPLOYED, driver=NAME)
        size, most = len(invocation.event_json), deployed.artifact.limits.event_bytes
        if size > most:
            hit = LimitHit("event_bytes", most, size)
            return Outcome(OutcomeKind.PAYLOAD_TOO_LARGE, driver=NAME, limit=hit)
        if self._is_closing:
            return Outcome(OutcomeKind.PLATFORM_ERROR, driver=NAME, detail=_CLOSING)
        self._in_flight += 1
        try:
            return await self._dispatch.call(deployed, invocation)
        finally:
            self._note_done()

    def _note_done(self) -> None:
        self._in_flight -= 1
        if self._is_closing and not self._in_flight:
            self._all_done.set()

    def capabilities(self) -> Capabilities:
        """Say what was proven at start."""
        isolations = {Isolation.NONE} if self._is_raw else {Isolation.CALL, Isolation.FUNCTION}
        return Capabilities(
            driver=NAME,
            isolations=frozenset(isolations),
            layers=self._pools.walls.layers,
            waived=self._pools.walls.waived,
            python=self._pools.walls.python,
        )

    async def health(self) -> Health:
        """Say whether a call would be served now."""
        pools = self._pools.in_use
        told = [_state_of(pool) for pool in pools]
        reasons = [reason for _, reason in told if reason]
        if self._compiler.problem:
            reasons.append(f"Nothing can be deployed: {self._compiler.problem}")
        if self._pools.problem:
            reasons.append(f"Functions that import cannot be deployed: {self._pools.problem}")
        state = HealthState.DEGRADED if reasons else HealthState.OK
        if told and all(each is HealthState.DOWN for each, _ in told):
            state = HealthState.DOWN
        numbers = {
            "spares": sum(pool.spares for pool in pools),
            "busy": sum(pool.busy for pool in pools) - len(self._bound),
            "queue": sum(pool.waiting for pool in pools),
            "bound_idle": len(self._bound),
            "zygote_restarts": sum(pool.restarts for pool in pools),
            "zygote_rotations": sum(pool.rotations for pool in pools),
            "memory_reserved_bytes": self._budget.reserved_bytes,
            "memory_budget_bytes": self._budget.total_bytes,
            "violations": self._dispatch.violations,
        }
        return Health(state, tuple(reasons), numbers)


def _state_of(pool: Pool) -> tuple[HealthState, str]:
    """Return how a pool is, and why if it is not well."""
    hurt = HealthState.DEGRADED if pool.spares else HealthState.DOWN
    if not pool.is_up:
        return hurt, f"The zygote is being started again. {pool.failure}".strip()
    if pool.is_failing:
        return hurt, "Workers end before they are ready."
    if not pool.spares and pool.waiting:
        return HealthState.DEGRADED, f"{pool.waiting} calls wait for a worker."
    return HealthState.OK, ""
