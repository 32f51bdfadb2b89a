"""Turns the end of a request into a verdict: one word per cause, and the same as at home."""

import re
from dataclasses import dataclass
from typing import Any, cast

import structlog

from drivers.aws_lambda.caller import Answer
from drivers.aws_lambda.envelope import (
    COMPILE_NONCE,
    Envelope,
    EnvelopeBroken,
    Stage,
    read_answer,
)
from drivers.aws_lambda.faults import Fault, without_code
from drivers.port import Artifact, Deployment, LimitHit, OutcomeKind
from drivers.replies.compilations import made_of
from drivers.replies.exchange import Ending
from drivers.replies.verdicts import Verdict, judge
from sanderling.kernel.jsontext import InvalidJSON, decode

_log = structlog.get_logger()

_MOST_TOLD = 200
_TIMED_OUT = frozenset({"Sandbox.Timedout", "Sandbox.Timeout"})
_NOT_STARTED = ("Runtime.ImportModule", "Runtime.UserCodeSyntax", "Runtime.HandlerNotFound")
_TOO_LARGE = "Function.ResponseSizeTooLarge"
_NO_MEMORY = "Runtime.OutOfMemory"
_KILLED = re.compile(r"signal: killed", re.IGNORECASE)
_LATE = re.compile(r"Task timed out", re.IGNORECASE)
_FORGED = Verdict(
    OutcomeKind.CRASHED,
    detail="What came back from AWS Lambda is no answer of our runner.",
    is_violation=True,
)
_RUNNER_FAILED = "The runner does not work at AWS Lambda; the log of the server tells more."


@dataclass(frozen=True, slots=True)
class Ended:
    """A verdict, with the envelope behind it where there is one."""

    verdict: Verdict
    envelope: Envelope | None = None


def ended(answer: Answer, artifact: Artifact, nonce: bytes, *, wall_s: float) -> Ended:
    """Say what became of a call of `artifact`."""
    if answer.error:
        return Ended(_unhandled(answer.payload, artifact, wall_s))
    try:
        envelope = read_answer(answer.payload, artifact.limits)
    except EnvelopeBroken:
        return Ended(_FORGED)
    return Ended(_judged(envelope, artifact, nonce, wall_s), envelope)


def _judged(envelope: Envelope, artifact: Artifact, nonce: bytes, wall_s: float) -> Verdict:
    if envelope.stage is Stage.COMPILE:
        made = _compiled(envelope, artifact)
        if made.kind is OutcomeKind.OK:
            return _FORGED
        return Verdict(made.kind, error=made.error, detail=made.detail, limit=made.limit)
    if envelope.size is not None:
        return _too_large(artifact, envelope.size)
    if envelope.reply.ending is Ending.UNSENT:
        return Verdict(OutcomeKind.PLATFORM_ERROR, detail="Its process ended before it began.")
    return judge(envelope.reply, artifact, nonce, wall_s=wall_s, is_reused=True)


def compiled(answer: Answer, artifact: Artifact) -> Deployment:
    """Say whether `artifact` compiles, from the answer to a compile request."""
    if answer.error:
        return Deployment(OutcomeKind.PLATFORM_ERROR, detail=_runner_failed(answer.payload))
    try:
        envelope = read_answer(answer.payload, artifact.limits)
    except EnvelopeBroken:
        return Deployment(OutcomeKind.PLATFORM_ERROR, detail=_runner_failed(b""))
    return _compiled(envelope, artifact)


def _compiled(envelope: Envelope, artifact: Artifact) -> Deployment:
    made = made_of(envelope.reply, COMPILE_NONCE, artifact.source, artifact.limits)
    return made if isinstance(made, Deployment) else Deployment(OutcomeKind.OK)


def deployment_of(fault: Fault) -> Deployment:
    """Say that an artifact is not deployed because compiling it met `fault`."""
    told = without_code(fault)
    return Deployment(told.kind, detail=told.detail)


def faulted(fault: Fault, *, sent_bytes: int, most_bytes: int) -> Verdict:
    """Say what became of a call that AWS did not answer as asked."""
    limit = None
    if fault.kind is OutcomeKind.PAYLOAD_TOO_LARGE:
        limit = LimitHit("event_bytes", most_bytes, sent_bytes)
    return Verdict(fault.kind, detail=fault.detail, limit=limit)


def _unhandled(payload: bytes, artifact: Artifact, wall_s: float) -> Verdict:
    """Read the error with which AWS itself ended a call that our runner could not."""
    error, message = _error_of(payload)
    if error in _TIMED_OUT or _LATE.search(message):
        limit = LimitHit("wall_s", wall_s)
        detail = f"The function did not answer within {wall_s:g} s, and AWS Lambda ended it."
        return Verdict(OutcomeKind.TIMEOUT, limit=limit, detail=detail)
    if error == _NO_MEMORY or _KILLED.search(message):
        limit = LimitHit("memory_bytes", artifact.limits.memory_bytes)
        detail = "The function took more memory than its machine has, and AWS Lambda ended it."
        return Verdict(OutcomeKind.OUT_OF_MEMORY, limit=limit, detail=detail)
    if error == _TOO_LARGE:
        return _too_large(artifact, None)
    if error.startswith(_NOT_STARTED):
        return Verdict(OutcomeKind.PLATFORM_ERROR, detail=_runner_failed(payload))
    return Verdict(
        OutcomeKind.CRASHED, detail=f"AWS Lambda ended the call ({error or 'no reason given'})."
    )


def _runner_failed(payload: bytes) -> str:
    """Log why the runner does not work there, which no user code has a part in; return a detail."""
    error, message = _error_of(payload)
    _log.warning("lambda.runner-failed", error=error, message=message[:_MOST_TOLD])
    return _RUNNER_FAILED


def _too_large(artifact: Artifact, size: int | None) -> Verdict:
    return Verdict(
        OutcomeKind.RESULT_TOO_LARGE,
        limit=LimitHit("result_bytes", artifact.limits.result_bytes, size),
        detail="The answer is larger than the 6 MB that AWS Lambda hands on; return less.",
    )


def _error_of(payload: bytes) -> tuple[str, str]:
    try:
        told = decode(payload)
    except InvalidJSON:
        return "", ""
    if not isinstance(told, dict):
        return "", ""
    members = cast("dict[str, Any]", told)
    return str(members.get("errorType") or "")[:100], str(members.get("errorMessage") or "")[:1000]
