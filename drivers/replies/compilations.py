"""Turns what came back from a compilation into bytecode, or into why there is none."""

import signal

import structlog

from drivers.guest.channel import CODE
from drivers.limits import Limits
from drivers.port import CodeProblem, Deployment, GuestError, LimitHit, OutcomeKind
from drivers.replies.answers import Excess, read_failure
from drivers.replies.exchange import Ending, Reply
from drivers.replies.frames import ProtocolViolated
from sanderling.kernel.units import MIB

_log = structlog.get_logger()

ALLOWANCE = Limits(wall_s=20.0, cpu_s=8.0, memory_bytes=384 * MIB)
"""What one compilation may take."""

_COUNTED = frozenset({"source_bytes", "ast_nodes", "ast_depth"})
_UNBEARABLE = {
    "compile_wall_s": "Compiling the source took longer than {:g} s.",
    "compile_cpu_s": "Compiling the source took longer than {:g} s of CPU time.",
    "compile_memory_bytes": "Compiling the source needs more than {} bytes of memory.",
}


def made_of(reply: Reply, nonce: bytes, source: str, limits: Limits) -> bytes | Deployment:
    """Return the bytecode that a worker answered with, or why there is none."""
    if reply.ending is not Ending.ANSWERED:
        _log.warning("source.not-compiled", ending=reply.ending and reply.ending.value)
        if _was_ended_from_outside(reply):
            return unfinished("its worker was ended from outside")
        return _unbearable(reply)
    if reply.kind == CODE:
        return reply.body
    try:
        failure = read_failure(reply.body, nonce, source)
    except ProtocolViolated as violated:
        return Deployment(OutcomeKind.BAD_CODE, detail=violated.detail)
    return Deployment(
        OutcomeKind.BAD_CODE, error=failure.error, limit=_limit_hit(failure.excess, limits)
    )


def _limit_hit(excess: Excess | None, limits: Limits) -> LimitHit | None:
    """Return the limit in our own numbers; what was counted is the worker's word."""
    if excess is None or excess.name not in _COUNTED:
        return None
    return LimitHit(excess.name, getattr(limits, excess.name), excess.observed)


def _was_ended_from_outside(reply: Reply) -> bool:
    if reply.ending is not Ending.GONE:
        return False
    # The compiler's own limits end it with other signals; SIGKILL comes from somebody else.
    return reply.death is None or reply.death.status == signal.SIGKILL


def unfinished(reason: str) -> Deployment:
    """Say that a source was not compiled for a reason that is none of its own."""
    return Deployment(OutcomeKind.PLATFORM_ERROR, detail=f"Not compiled: {reason}; try again.")


def is_final(deployment: Deployment) -> bool:
    """Claim that the same source would be rejected again, whatever befalls its compiler then."""
    if deployment.kind is not OutcomeKind.BAD_CODE or deployment.error is None:
        return False
    if deployment.limit is not None:
        return deployment.limit.name in _COUNTED
    # A compiler that ended in another way names no place in the source.
    return deployment.error.line is not None


def _unbearable(reply: Reply) -> Deployment:
    """Refuse a source that the compiler did not survive, or not in time."""
    limit = _overrun(reply)
    message = "Compiling the source failed."
    if limit is not None:
        message = _UNBEARABLE[limit.name].format(limit.allowed)
    hint = "Make the source smaller and its expressions flatter."
    return _refused(CodeProblem(message, hint=hint), limit)


def _overrun(reply: Reply) -> LimitHit | None:
    if reply.ending is Ending.WALL:
        return LimitHit("compile_wall_s", ALLOWANCE.wall_s, round(reply.wall_s, 3))
    if reply.ending is Ending.CPU:
        used_s = None if reply.cpu_s is None else round(reply.cpu_s, 3)
        return LimitHit("compile_cpu_s", ALLOWANCE.cpu_s, used_s)
    if reply.death is not None and reply.death.lacked_memory:
        return LimitHit("compile_memory_bytes", ALLOWANCE.memory_bytes, None)
    return None


def too_long(size: int, most: int) -> Deployment:
    """Refuse a source of `size` bytes."""
    message = f"The source has {size} bytes; at most {most} are allowed."
    problem = CodeProblem(message, line=1, column=1, hint="Split it into several functions.")
    return _refused(problem, LimitHit("source_bytes", most, size))


def _refused(problem: CodeProblem, limit: LimitHit | None) -> Deployment:
    error = GuestError(
        type="CodeRejected",
        message=problem.message,
        line=problem.line,
        column=problem.column,
        hint=problem.hint,
        problems=(problem,),
    )
    return Deployment(OutcomeKind.BAD_CODE, error=error, limit=limit)
