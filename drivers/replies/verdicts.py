"""Turns what came back from a worker into an outcome: one word per cause."""

import os
import signal
from typing import NamedTuple

from drivers.guest.channel import RESULT
from drivers.port import Artifact, GuestError, LimitHit, OutcomeKind
from drivers.replies.answers import GuestFailure, read_failure, read_result
from drivers.replies.exchange import ANSWERED, Death, Ending, Reply
from drivers.replies.frames import ProtocolViolated

_NEARLY = 0.9
_OK = OutcomeKind.OK


class Verdict(NamedTuple):
    """The part of an outcome that follows from the reply alone.

    `is_violation` says that somebody tried the walls or the protocol, which operators want to know.
    """

    kind: OutcomeKind
    result_json: bytes | None = None
    error: GuestError | None = None
    detail: str = ""
    limit: LimitHit | None = None
    is_violation: bool = False


def judge(
    reply: Reply, artifact: Artifact, nonce: bytes, *, wall_s: float, is_reused: bool
) -> Verdict:
    """Say what became of a call of `artifact`."""
    if reply.ending is ANSWERED:
        return _answered(reply, artifact, nonce, is_reused=is_reused)
    match reply.ending:
        case Ending.VIOLATED:
            return _violated(reply.violation)
        case Ending.WALL:
            return _wall(wall_s, reply.wall_s)
        case Ending.CPU:
            return _cpu(artifact, reply.cpu_s)
        case _:
            return _gone(reply, artifact)


def _answered(reply: Reply, artifact: Artifact, nonce: bytes, *, is_reused: bool) -> Verdict:
    try:
        if reply.kind == RESULT:
            value = read_result(reply.body, nonce, is_nonce_required=is_reused)
        else:
            return _failure(read_failure(reply.body, nonce, artifact.source), artifact)
    except ProtocolViolated as violated:
        return _violated(str(violated.facts["reason"]))
    most = artifact.limits.result_bytes
    return _result_too_large(most, len(value)) if len(value) > most else Verdict(_OK, value)


def _result_too_large(most: int, size: int | None) -> Verdict:
    return Verdict(
        OutcomeKind.RESULT_TOO_LARGE,
        limit=LimitHit("result_bytes", most, size),
        detail="The handler returned more than the function may; return less, or in pages.",
    )


def _failure(failure: GuestFailure, artifact: Artifact) -> Verdict:
    if failure.kind is OutcomeKind.OUT_OF_MEMORY:
        return _out_of_memory(artifact, None)
    if failure.kind is OutcomeKind.RESULT_TOO_LARGE:
        return _result_too_large(artifact.limits.result_bytes, failure.size)
    return Verdict(failure.kind, error=failure.error)


def _out_of_memory(artifact: Artifact, observed: int | None) -> Verdict:
    return Verdict(
        OutcomeKind.OUT_OF_MEMORY,
        limit=LimitHit("memory_bytes", artifact.limits.memory_bytes, observed),
        detail="The function asked for more memory than it may use.",
    )


def _violated(reason: str) -> Verdict:
    return Verdict(
        OutcomeKind.CRASHED,
        detail=f"Protocol violation: the worker sent {reason}; it was ended.",
        is_violation=True,
    )


def _wall(allowed_s: float, observed_s: float) -> Verdict:
    return Verdict(
        OutcomeKind.TIMEOUT,
        limit=LimitHit("wall_s", allowed_s, round(observed_s, 3)),
        detail=f"The function did not answer within {allowed_s:g} s.",
    )


def _cpu(artifact: Artifact, observed_s: float | None) -> Verdict:
    allowed_s = artifact.limits.cpu_s
    observed = None if observed_s is None else round(observed_s, 3)
    return Verdict(
        OutcomeKind.TIMEOUT,
        limit=LimitHit("cpu_s", allowed_s, observed),
        detail=f"The function computed for longer than {allowed_s:g} s.",
    )


def _gone(reply: Reply, artifact: Artifact) -> Verdict:
    death = reply.death
    if death is None:
        return Verdict(OutcomeKind.CRASHED, detail="The worker ended without an answer.")
    if death.lacked_memory:
        return _out_of_memory(artifact, None)
    if os.WIFSIGNALED(death.status):
        return _killed(os.WTERMSIG(death.status), death, reply, artifact)
    code = os.WEXITSTATUS(death.status)
    return Verdict(
        OutcomeKind.CRASHED, detail=f"The worker ended itself with status {code}, unanswered."
    )


def _killed(by: int, death: Death, reply: Reply, artifact: Artifact) -> Verdict:
    if by == signal.SIGSYS:
        return Verdict(
            OutcomeKind.CRASHED,
            detail="Sandbox violation: the function made a forbidden system call and was ended.",
            is_violation=True,
        )
    if by == signal.SIGXCPU:
        return _cpu(artifact, reply.cpu_s)
    grown_bytes = death.peak_bytes - reply.idle_bytes
    if by == signal.SIGKILL and grown_bytes > artifact.limits.memory_bytes * _NEARLY:
        # Nobody but the kernel's own search for memory kills a worker that is nearly full.
        return _out_of_memory(artifact, grown_bytes)
    return Verdict(
        OutcomeKind.CRASHED, detail=f"The worker was ended by {_named(by)} before it answered."
    )


def _named(by: int) -> str:
    try:
        return signal.Signals(by).name
    except ValueError:
        # Real-time signals between the first and the last have no names.
        return f"signal {by}"
