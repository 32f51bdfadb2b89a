"""The Local driver: compiles in a sandbox, and hands calls to sandboxed workers."""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import structlog

from drivers.errors import DriverError
from drivers.local.bound import Bound, BoundWorkers
from drivers.local.boundedcache import BoundedCache
from drivers.local.budget import MemoryBudget
from drivers.local.compiler import Compiler
from drivers.local.exchange import Ending, Reply, Terms
from drivers.local.pool import Pool, Saturated
from drivers.local.requests import bind_frame, call_frame
from drivers.local.settings import LocalSettings
from drivers.local.verdicts import Verdict, judge
from drivers.local.walls import Walls, check_walls
from drivers.local.worker import Worker
from drivers.local.zygote import ZygoteReport
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
from sanderling.kernel.units import MIB

_log = structlog.get_logger()

_NAME = "local"
_DEPLOYED_ITEMS = 16_384
_DEPLOYED_BYTES = 256 * MIB
_MOST_UNSENT = 3
_COMPILER_MEMORY_BYTES = 1024 * MIB


@dataclass(frozen=True, slots=True)
class _Deployed:
    """An artifact with everything about its calls that can be made ready once."""

    artifact: Artifact
    bind: bytes
    terms: Terms
    is_reused: bool


class LocalDriver:
    """Run each call in a fresh process behind proven walls, or reuse one per function version."""

    name = _NAME

    def __init__(self, settings: LocalSettings | None = None) -> None:
        """Prepare; nothing is started before the driver is entered."""
        self._settings = settings or LocalSettings()
        self._deployed: BoundedCache[ArtifactKey, _Deployed] = BoundedCache(
            items=_DEPLOYED_ITEMS, size_bytes=_DEPLOYED_BYTES
        )
        self._walls = Walls((), ())
        self._in_flight = 0
        self._violations = 0
        self._is_closing = False
        self._all_done = asyncio.Event()

    @property
    def _is_raw(self) -> bool:
        return self._settings.experiment.is_raw

    async def __aenter__(self) -> Self:
        """Start the zygote, prove the walls and fill the pool.

        Raises:
            DriverError: a wall cannot be had here; nothing was left running.

        """
        if sys.platform != "linux":
            raise DriverError(driver=_NAME, reason="it needs Linux; use a Linux container")
        settings = self._settings
        self._budget = MemoryBudget(settings.memory_budget_bytes)
        self._pool = Pool(
            "raw" if self._is_raw else "call",
            settings,
            spares=settings.spares,
            budget=self._budget,
            make_room=self._make_room,
            on_new_zygote=self._check_walls,
        )
        self._bound = BoundWorkers(self._pool, settings)
        compiling = Pool(
            "compile",
            settings,
            spares=1,
            budget=MemoryBudget(_COMPILER_MEMORY_BYTES),
            on_new_zygote=self._check_walls,
        )
        self._compiler = Compiler(compiling, settings)
        if not self._is_raw:
            self._compiler.start_soon()
        try:
            await self._pool.start()
        except DriverError:
            await self._compiler.close()
            raise
        await self._pool.wait_spares()
        return self

    def _make_room(self) -> bool:
        return self._bound.make_room()

    def _check_walls(self, report: ZygoteReport) -> None:
        self._walls = check_walls(report, self._settings)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let calls in flight finish, then end every process."""
        self._is_closing = True
        if self._in_flight:
            # Every call has a deadline of its own, so this ends.
            await self._all_done.wait()
        self._bound.close()
        await self._compiler.close()
        await self._pool.close()
        self._deployed = BoundedCache(items=_DEPLOYED_ITEMS, size_bytes=_DEPLOYED_BYTES)

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Compile `artifact` in a sandbox and keep the bytecode; the host never reads it."""
        if self._deployed.get(artifact.key) is not None:
            return Deployment(OutcomeKind.OK)
        limits = artifact.limits
        if limits.memory_bytes > self._settings.memory_budget_bytes:
            budget_mib = self._settings.memory_budget_bytes // MIB
            detail = f"memory_bytes is above the {budget_mib} MiB that all calls share here."
            return Deployment(OutcomeKind.MISCONFIGURED, detail=detail)
        code = (
            artifact.source.encode()
            if self._is_raw
            else await self._compiler.compile(artifact.source, limits)
        )
        if isinstance(code, Deployment):
            return code
        is_reused = artifact.isolation is Isolation.FUNCTION
        deployed = _Deployed(
            artifact,
            bind_frame(code, limits, calls=self._settings.reuse_calls if is_reused else 1),
            Terms(limits.wall_s, limits.cpu_s, limits.log_bytes),
            is_reused,
        )
        size_bytes = len(deployed.bind) + len(artifact.source)
        self._deployed.put(artifact.key, deployed, size_bytes=size_bytes)
        return Deployment(OutcomeKind.OK)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact and end its idle workers."""
        self._deployed.pop(key)
        self._bound.drop(key)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one call."""
        began_ns = time.perf_counter_ns()
        deployed = self._deployed.get(invocation.key)
        if deployed is None:
            return Outcome(OutcomeKind.NOT_DEPLOYED, driver=_NAME)
        size, most = len(invocation.event_json), deployed.artifact.limits.event_bytes
        if size > most:
            hit = LimitHit("event_bytes", most, size)
            return Outcome(OutcomeKind.PAYLOAD_TOO_LARGE, driver=_NAME, limit=hit)
        if self._is_closing:
            return Outcome(
                OutcomeKind.PLATFORM_ERROR, driver=_NAME, detail="The driver is closing."
            )
        self._in_flight += 1
        try:
            if deployed.is_reused:
                return await self._call_reused(deployed, invocation, began_ns)
            return await self._call_once(deployed, invocation, began_ns)
        finally:
            self._in_flight -= 1
            if self._is_closing and not self._in_flight:
                self._all_done.set()

    async def _call_once(
        self, deployed: _Deployed, invocation: Invocation, began_ns: int
    ) -> Outcome:
        memory_bytes = deployed.artifact.limits.memory_bytes
        for _ in range(_MOST_UNSENT):
            worker = self._pool.take_nowait(memory_bytes) or await self._pool.take(memory_bytes)
            if isinstance(worker, Saturated):
                return _saturated(worker, began_ns)
            served_s = 0.0
            try:
                worker.allow(
                    result_bytes=deployed.artifact.limits.result_bytes,
                    log_bytes=deployed.artifact.limits.log_bytes,
                )
                outcome, reply = await self._serve(
                    worker, deployed, invocation, began_ns, deployed.bind
                )
                served_s = reply.wall_s
            finally:
                self._release_soon(worker, memory_bytes, served_s)
            if reply.ending is not Ending.UNSENT:
                return outcome
        return Outcome(
            OutcomeKind.PLATFORM_ERROR, driver=_NAME, detail="Workers end before they are used."
        )

    def _release_soon(self, worker: Worker, memory_bytes: int, served_s: float) -> None:
        # After the caller has its answer: ending a process takes longer than reading one.
        asyncio.get_running_loop().call_soon(
            lambda: self._pool.release(worker, memory_bytes, served_s=served_s)
        )

    async def _call_reused(
        self, deployed: _Deployed, invocation: Invocation, began_ns: int
    ) -> Outcome:
        memory_bytes = deployed.artifact.limits.memory_bytes
        for _ in range(_MOST_UNSENT):
            bind = b""
            bound = self._bound.take(invocation.key)
            if bound is None:
                worker = self._pool.take_nowait(memory_bytes) or await self._pool.take(memory_bytes)
                if isinstance(worker, Saturated):
                    return _saturated(worker, began_ns)
                bound = Bound(worker, invocation.key, memory_bytes)
                bind = deployed.bind
                worker.allow(
                    result_bytes=deployed.artifact.limits.result_bytes,
                    log_bytes=deployed.artifact.limits.log_bytes,
                )
            is_clean = False
            try:
                outcome, reply = await self._serve(
                    bound.worker, deployed, invocation, began_ns, bind
                )
                is_clean = outcome.kind in _CLEAN
            finally:
                self._put_back(bound, is_clean=is_clean)
            if reply.ending is not Ending.UNSENT:
                return outcome
        return Outcome(
            OutcomeKind.PLATFORM_ERROR, driver=_NAME, detail="Workers end before they are used."
        )

    def _put_back(self, bound: Bound, *, is_clean: bool) -> None:
        bound.calls += 1
        if not is_clean or self._deployed.get(bound.key) is None:
            self._bound.end(bound)
            return
        bound.resident_bytes = bound.worker.read_memory_bytes(peak=False)
        if bound.first_resident_bytes is None:
            bound.first_resident_bytes = bound.resident_bytes
        self._bound.keep(bound)

    async def _serve(
        self,
        worker: Worker,
        deployed: _Deployed,
        invocation: Invocation,
        began_ns: int,
        bind: bytes,
    ) -> tuple[Outcome, Reply]:
        nonce = os.urandom(8).hex()
        terms = deployed.terms
        if invocation.timeout_s is not None and invocation.timeout_s < terms.wall_s:
            terms = Terms(invocation.timeout_s, terms.cpu_s, terms.log_bytes)
        request = bind + call_frame(nonce, invocation.context, invocation.event_json)
        reply = await worker.exchange(request, terms)
        verdict = judge(
            reply,
            deployed.artifact,
            nonce,
            wall_s=terms.wall_s,
            is_reused=deployed.is_reused,
        )
        if verdict.is_violation or worker.is_unfit:
            self._note_violation(invocation, verdict)
        memory_bytes = reply.memory_bytes
        if reply.ending is Ending.ANSWERED:
            memory_bytes = worker.read_memory_bytes(peak=not deployed.is_reused)
        return self._outcome(verdict, reply, memory_bytes, deployed, began_ns), reply

    def _note_violation(self, invocation: Invocation, verdict: Verdict) -> None:
        self._violations += 1
        _log.warning(
            "sandbox.violated",
            call_id=invocation.call_id,
            workspace_id=invocation.key.workspace_id,
            function_id=invocation.key.function_id,
            outcome=verdict.kind.value,
        )

    def _outcome(
        self,
        verdict: Verdict,
        reply: Reply,
        memory_bytes: int | None,
        deployed: _Deployed,
        began_ns: int,
    ) -> Outcome:
        return Outcome(
            verdict.kind,
            driver=_NAME,
            duration_s=(time.perf_counter_ns() - began_ns) / 1e9,
            result_json=verdict.result_json,
            error=verdict.error,
            detail=verdict.detail,
            logs=reply.log.decode("utf-8", "replace") if reply.log else "",
            logs_dropped_bytes=reply.dropped_bytes,
            limit=verdict.limit,
            cpu_s=reply.cpu_s,
            memory_bytes=memory_bytes,
            isolation=Isolation.NONE if self._is_raw else deployed.artifact.isolation,
            layers=self._walls.layers,
            waived=self._walls.waived,
        )

    def capabilities(self) -> Capabilities:
        """Say what was proven at start."""
        isolations = {Isolation.NONE} if self._is_raw else {Isolation.CALL, Isolation.FUNCTION}
        return Capabilities(
            driver=_NAME,
            isolations=frozenset(isolations),
            layers=self._walls.layers,
            waived=self._walls.waived,
        )

    async def health(self) -> Health:
        """Say whether a call would be served now."""
        pool = self._pool
        reasons: list[str] = []
        state = HealthState.OK
        if not pool.is_up:
            reasons.append(f"The zygote is being started again. {pool.failure}".strip())
            state = HealthState.DEGRADED if pool.spares else HealthState.DOWN
        elif not pool.spares and pool.waiting:
            reasons.append(f"{pool.waiting} calls wait for a worker.")
            state = HealthState.DEGRADED
        numbers = {
            "spares": pool.spares,
            "busy": pool.busy,
            "queue": pool.waiting,
            "bound_idle": len(self._bound),
            "zygote_restarts": pool.restarts,
            "memory_reserved_bytes": self._budget.reserved_bytes,
            "memory_budget_bytes": self._budget.total_bytes,
            "violations": self._violations,
        }
        return Health(state, tuple(reasons), numbers)


_CLEAN = frozenset(
    {OutcomeKind.OK, OutcomeKind.USER_ERROR, OutcomeKind.BAD_RESULT, OutcomeKind.RESULT_TOO_LARGE}
)


def _saturated(told: Saturated, began_ns: int) -> Outcome:
    return Outcome(
        OutcomeKind.SATURATED,
        driver=_NAME,
        duration_s=(time.perf_counter_ns() - began_ns) / 1e9,
        detail=f"Too many calls at once: {told.reason}.",
        retry_after_s=told.retry_after_s,
    )
