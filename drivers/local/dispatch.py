"""Carries one call to a worker and back, and decides what becomes of the worker afterwards."""

import asyncio
import time
from dataclasses import dataclass, field, replace

import structlog

from drivers.guest.channel import CALL, CALL_SPINNING, SPIN_NS
from drivers.local.bound import Bench, Bound, BoundWorkers
from drivers.local.pool import Pool
from drivers.local.requests import call_frame
from drivers.local.spinning import IN_VAIN, SPINNING, Spinning, Way
from drivers.local.waiting import Saturated
from drivers.port import Artifact, Invocation, Isolation, Outcome, OutcomeKind
from drivers.replies.exchange import ANSWERED, UNSENT, Reply, Terms
from drivers.replies.telling import told_as_text
from drivers.replies.verdicts import Verdict, judge
from sanderling.kernel.randomness import Nonces

_log = structlog.get_logger()

NAME = "local"

_MOST_UNSENT = 3
_PROMPT_S = SPIN_NS / 1e9

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


@dataclass(slots=True, eq=False)
class _Call:
    """One call that a worker was sent; `began_ns` is when it was asked for."""

    deployed: Deployed
    invocation: Invocation
    seat: Bound
    nonce: bytes
    wall_s: float
    began_ns: int
    reply: Reply
    way: Way | None


class Dispatch:
    """Serve calls from the pool, one worker per call or one per function for a while."""

    def __init__(self, bound: BoundWorkers) -> None:
        """Take workers from pools, and from `bound` for functions that are reused."""
        self.violations = 0
        self._bound = bound
        self._draw_nonce = Nonces()
        self._spinning = Spinning()

    async def call(self, deployed: Deployed, invocation: Invocation) -> Outcome:
        """Run one call and return its outcome."""
        began_ns = time.perf_counter_ns()
        self._spinning.calls += 1
        try:
            if self._spinning.is_turn_over(began_ns):
                await asyncio.sleep(0)
            for _ in range(_MOST_UNSENT):
                seat = self._bound.take(deployed.bench.idle) if deployed.is_reused else None
                if seat is None:
                    taken = await self._take(deployed)
                    if isinstance(taken, Saturated):
                        return _saturated(taken, began_ns)
                    seat = taken
                call = self._begin(deployed, invocation, seat, began_ns)
                if not (call.way is SPINNING and self._spin(call)):
                    await self._wait(call)
                outcome = self._end(call)
                is_unsent = call.reply.ending is UNSENT
                if not is_unsent or outcome.kind is OutcomeKind.OUT_OF_MEMORY:
                    # A worker too small for its request would be too small again.
                    return outcome
        finally:
            self._spinning.calls -= 1
        detail = "Workers end before they are used; the log says more."
        return Outcome(OutcomeKind.PLATFORM_ERROR, driver=NAME, detail=detail)

    async def _take(self, deployed: Deployed) -> Bound | Saturated:
        if deployed.is_reused:
            # A warm worker that is free in a moment beats a fork, for everyone.
            bound = await self._bound.wait(deployed.bench)
            if bound is not None:
                return bound
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

    def _begin(
        self, deployed: Deployed, invocation: Invocation, seat: Bound, began_ns: int
    ) -> _Call:
        bench, calls = deployed.bench, seat.calls
        now_s = time.monotonic()
        try:
            way = self._spinning.choose(bench.waits) if calls else None
            # Whoever called again at once last time is expected to do so again.
            is_prompt = way is SPINNING and now_s - seat.idle_since_s < _PROMPT_S
            kind = CALL_SPINNING if is_prompt else CALL
            nonce = self._draw_nonce()
            request = call_frame(kind, nonce, invocation.context, invocation.event_json)
            if not calls:
                request = deployed.bind + request
            terms = deployed.terms
            if invocation.timeout_s is not None or invocation.tell_log is not None:
                terms = _terms_for(terms, invocation)
            reply = seat.worker.begin(request, terms, is_spin_asked=is_prompt)
        except BaseException:
            self._leave(seat, is_kept=False)
            raise
        # What can be done while the worker works already delays nobody.
        seat.calls = calls + 1
        seat.began_s = now_s
        bench.busy.add(seat)
        return _Call(deployed, invocation, seat, nonce, terms.wall_s, began_ns, reply, way)

    def _spin(self, call: _Call) -> bool:
        """Look out for the answer for a moment; return whether it came."""
        self._spinning.begin(call.began_ns)
        try:
            is_there = call.seat.worker.spin(call.reply)
        except BaseException:
            self._leave(call.seat, is_kept=False)
            raise
        if not is_there:
            call.way = IN_VAIN
        return is_there

    async def _wait(self, call: _Call) -> None:
        try:
            await call.seat.worker.wait(call.reply)
        except BaseException:
            self._leave(call.seat, is_kept=False)
            raise

    def _end(self, call: _Call) -> Outcome:
        seat, deployed, reply = call.seat, call.deployed, call.reply
        is_clean = False
        try:
            verdict = judge(
                reply,
                deployed.artifact,
                call.nonce,
                wall_s=call.wall_s,
                is_reused=deployed.is_reused,
            )
            if verdict.is_violation or seat.worker.is_unfit:
                self._note_violation(call.invocation, verdict)
            memory_bytes = reply.memory_bytes
            if reply.ending is ANSWERED:
                if deployed.is_reused:
                    memory_bytes = seat.look_at_resident(reply.ended_s)
                else:
                    memory_bytes = seat.worker.read_memory_bytes(peak=True)
            is_clean = verdict.kind in _CLEAN
            if call.way is not None and is_clean:
                deployed.bench.waits.note(call.way, reply.wall_s)
        finally:
            is_kept = is_clean and deployed.is_reused and not deployed.is_deleted
            self._leave(seat, is_kept=is_kept, now_s=reply.ended_s)
        return self._outcome(call, verdict, memory_bytes)

    def _leave(self, seat: Bound, *, is_kept: bool, now_s: float = 0.0) -> None:
        seat.bench.busy.discard(seat)
        if is_kept:
            self._bound.keep(seat, now_s)
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

    def _outcome(self, call: _Call, verdict: Verdict, memory_bytes: int | None) -> Outcome:
        deployed, reply = call.deployed, call.reply
        walls = deployed.pool.walls
        # By position, because naming this many takes as long as making it.
        return Outcome(
            verdict.kind,
            NAME,
            (time.perf_counter_ns() - call.began_ns) / 1e9,
            verdict.result_json,
            verdict.error,
            verdict.detail,
            reply.log,
            reply.dropped_bytes,
            verdict.limit,
            reply.cpu_s,
            memory_bytes,
            deployed.isolation,
            walls.layers,
            walls.waived,
        )


def _terms_for(terms: Terms, invocation: Invocation) -> Terms:
    if invocation.timeout_s is not None and invocation.timeout_s < terms.wall_s:
        terms = Terms(invocation.timeout_s, terms.cpu_s, terms.log_bytes)
    if invocation.tell_log is not None:
        terms = replace(terms, tell_log=told_as_text(invocation.tell_log))
    return terms


def _saturated(told: Saturated, began_ns: int) -> Outcome:
    return Outcome(
        OutcomeKind.SATURATED,
        driver=NAME,
        duration_s=(time.perf_counter_ns() - began_ns) / 1e9,
        detail=f"Too many calls at once: {told.reason}.",
        retry_after_s=told.retry_after_s,
    )
