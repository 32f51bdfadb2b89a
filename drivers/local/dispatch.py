"""Carries one call to a worker and back, and decides what becomes of the worker afterwards."""

import asyncio
import time
from dataclasses import dataclass, field, replace

import structlog

from drivers.local.bound import Bench, Bound, BoundWorkers
from drivers.local.pool import Pool
from drivers.local.requests import call_frame
from drivers.local.waiting import Saturated
from drivers.port import Artifact, Invocation, Isolation, Outcome, OutcomeKind
from drivers.replies.exchange import Ending, Reply, Terms
from drivers.replies.telling import told_as_text
from drivers.replies.verdicts import Verdict, judge
from sanderling.kernel.randomness import RandomBits

_log = structlog.get_logger()

NAME = "local"

_MOST_UNSENT = 3
_NONCE_BITS = 64

_CLEAN = frozenset(
    {OutcomeKind.OK, OutcomeKind.USER_ERROR, OutcomeKind.BAD_RESULT, OutcomeKind.RESULT_TOO_LARGE}
)


@dataclass(slots=True)
class Deployed:
    """An artifact with everything about its calls that can be made ready once.

    `pool` has workers of the kind that it needs, `bench` holds its own; a deleted artifact keeps
    none.
    """

    artifact: Artifact
    pool: Pool
    bind: bytes
    terms: Terms
    is_reused: bool
    isolation: Isolation
    bench: Bench = field(default_factory=Bench)
    is_deleted: bool = False


class Dispatch:
    """Serve calls from the pool, one worker per call or one per function for a while."""

    def __init__(self, bound: BoundWorkers) -> None:
        """Take workers from pools, and from `bound` for functions that are reused."""
        self.violations = 0
        self._bound = bound
        self._random_bits = RandomBits()

    async def call(self, deployed: Deployed, invocation: Invocation) -> Outcome:
        """Run one call and return its outcome."""
        began_ns = time.perf_counter_ns()
        for _ in range(_MOST_UNSENT):
            bound = self._bound.take(deployed.bench.idle) if deployed.is_reused else None
            if bound is None and deployed.is_reused:
                # A warm worker that is free in a moment beats a fork, for everyone.
                bound = await self._bound.wait(deployed.bench)
            seat = bound or await self._seat(deployed)
            if isinstance(seat, Saturated):
                return _saturated(seat, began_ns)
            outcome, reply = await self._serve(seat, deployed, invocation, began_ns)
            if reply.ending is not Ending.UNSENT or outcome.kind is OutcomeKind.OUT_OF_MEMORY:
                # A worker too small for its request would be too small again.
                return outcome
        detail = "Workers end before they are used; the log says more."
        return Outcome(OutcomeKind.PLATFORM_ERROR, driver=NAME, detail=detail)

    async def _seat(self, deployed: Deployed) -> Bound | Saturated:
        limits = deployed.artifact.limits
        worker = deployed.pool.take_nowait(limits.memory_bytes)
        if worker is None:
            taken = await deployed.pool.take(limits.memory_bytes)
            if isinstance(taken, Saturated):
                return taken
            worker = taken
        if deployed.is_reused:
            worker.settle()
        worker.allow(result_bytes=limits.result_bytes, log_bytes=limits.log_bytes)
        return Bound(worker, deployed.pool, deployed.bench, limits.memory_bytes)

    async def _serve(
        self, seat: Bound, deployed: Deployed, invocation: Invocation, began_ns: int
    ) -> tuple[Outcome, Reply]:
        nonce = b"%016x" % self._random_bits(_NONCE_BITS)
        terms = deployed.terms
        if invocation.timeout_s is not None and invocation.timeout_s < terms.wall_s:
            terms = Terms(invocation.timeout_s, terms.cpu_s, terms.log_bytes)
        if invocation.tell_log is not None:
            terms = replace(terms, tell_log=told_as_text(invocation.tell_log))
        is_clean = False
        seat.began_s = time.monotonic()
        deployed.bench.busy.add(seat)
        try:
            request = call_frame(nonce, invocation.context, invocation.event_json)
            if not seat.calls:
                request = deployed.bind + request
            seat.calls += 1
            reply = await seat.worker.exchange(request, terms)
            verdict = judge(
                reply,
                deployed.artifact,
                nonce,
                wall_s=terms.wall_s,
                is_reused=deployed.is_reused,
            )
            if verdict.is_violation or seat.worker.is_unfit:
                self._note_violation(invocation, verdict)
            memory_bytes = reply.memory_bytes
            if reply.ending is Ending.ANSWERED:
                if deployed.is_reused:
                    memory_bytes = seat.look_at_resident(time.monotonic())
                else:
                    memory_bytes = seat.worker.read_memory_bytes(peak=True)
            is_clean = verdict.kind in _CLEAN
        finally:
            deployed.bench.busy.discard(seat)
            self._leave(seat, is_kept=is_clean and deployed.is_reused and not deployed.is_deleted)
        return self._outcome(verdict, reply, memory_bytes, deployed, began_ns), reply

    def _leave(self, seat: Bound, *, is_kept: bool) -> None:
        if is_kept:
            self._bound.keep(seat, time.monotonic())
        else:
            # After the caller has its answer: ending a process takes longer than reading one.
            asyncio.get_running_loop().call_soon(self._bound.end, seat)

    def _note_violation(self, invocation: Invocation, verdict: Verdict) -> None:
        self.violations += 1
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
        deployed: Deployed,
        began_ns: int,
    ) -> Outcome:
        return Outcome(
            verdict.kind,
            driver=NAME,
            duration_s=(time.perf_counter_ns() - began_ns) / 1e9,
            result_json=verdict.result_json,
            error=verdict.error,
            detail=verdict.detail,
            logs=reply.log,
            logs_dropped_bytes=reply.dropped_bytes,
            limit=verdict.limit,
            cpu_s=reply.cpu_s,
            memory_bytes=memory_bytes,
            isolation=deployed.isolation,
            layers=deployed.pool.walls.layers,
            waived=deployed.pool.walls.waived,
        )


def _saturated(told: Saturated, began_ns: int) -> Outcome:
    return Outcome(
        OutcomeKind.SATURATED,
        driver=NAME,
        duration_s=(time.perf_counter_ns() - began_ns) / 1e9,
        detail=f"Too many calls at once: {told.reason}.",
        retry_after_s=told.retry_after_s,
    )
