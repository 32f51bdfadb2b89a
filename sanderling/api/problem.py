"""Failures and unserved outcomes as RFC 9457 problem documents."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from config.errors import ConfigConflict, ConfigRejected, RevisionNotInForce
from drivers.port import Outcome
from jobs.accounts.errors import ProviderAway
from runner.call import CallRecord
from runner.error_json import error_json, limit_json
from runner.errors import CodeRejected, RateLimited
from runner.executions.errors import IdempotencyInFlight
from runner.outcome_json import outcome_json
from runner.triggers.errors import FunctionUnavailable, RouteMethodRefused
from sanderling.access.errors import KeyExpired, KeyMalformed, KeyUnknown, Unauthenticated
from sanderling.api.call_json import dumps
from sanderling.api.errors import InternalError, MethodRefused, NotReadyError, RequestInvalid
from sanderling.api.problem_kinds import PROBLEM_KINDS, problem_type
from sanderling.kernel.errors import Failure, Fault
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import JSON

Header = tuple[bytes, bytes]

CONTENT_TYPE = b"application/problem+json"

RESERVED = frozenset({"type", "title", "status", "detail", "hint", "request_id"})
"""Members that every problem has; a failure's facts cannot take these names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, ready to be sent.

    `hint` says what to do next; `members` are the facts; `headers` belong to this problem alone.
    """

    code: str
    detail: str
    hint: str = ""
    members: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    headers: tuple[Header, ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status of this problem's code."""
        return PROBLEM_KINDS[self.code].status

    def body(self, request_id: RequestId) -> bytes:
        """Return the document as UTF-8 JSON."""
        document = {
            "type": problem_type(self.code),
            "title": PROBLEM_KINDS[self.code].title,
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
            "request_id": request_id,
            **self.members,
        }
        return dumps(document)


def _retry_after(code: str, wait_s: float | None) -> tuple[Header, ...]:
    known_s = PROBLEM_KINDS[code].retry_after_s
    if known_s is None:
        return ()
    seconds = known_s if wait_s is None else max(1, math.ceil(wait_s))
    return ((b"retry-after", str(seconds).encode()),)


def _members(failure: Failure) -> dict[str, JSON]:
    members: dict[str, JSON] = {
        name: fact for name, fact in failure.facts.items() if name not in RESERVED
    }
    match failure:
        case RequestInvalid():
            members["errors"] = [asdict(misfit) for misfit in failure.misfits]
        case NotReadyError():
            members["parts"] = failure.parts
        case ConfigRejected():
            members["problems"] = [asdict(problem) for problem in failure.problems]
        case ConfigConflict():
            members["conflicts"] = [
                {"name": each.name, "in_force": each.before, "asked": each.after}
                for each in failure.conflicts
            ]
        case RevisionNotInForce():
            members["waiting"] = list(failure.waiting)
        case CodeRejected():
            members["error"] = error_json(failure.deployment.error)
            members["limit"] = limit_json(failure.deployment.limit)
        case _:
            pass
    return members


def _headers(failure: Failure) -> tuple[Header, ...]:
    match failure:
        case MethodRefused() | RouteMethodRefused():
            return ((b"allow", failure.allow.encode("ascii")),)
        case Unauthenticated():
            return ((b"www-authenticate", b'Bearer realm="sanderling"'),)
        case KeyMalformed() | KeyUnknown() | KeyExpired():
            challenge = b'Bearer realm="sanderling", error="invalid_token"'
            return ((b"www-authenticate", challenge),)
        case RateLimited() | FunctionUnavailable():
            return _retry_after(failure.code, failure.resets_in_s)
        case IdempotencyInFlight() | ProviderAway():
            return _retry_after(failure.code, failure.retry_after_s)
        case _:
            return _retry_after(failure.code, None)


def problem_of(failure: Failure) -> Problem:
    """Return the problem for a failure; one that the catalogue does not name is internal."""
    if failure.code not in PROBLEM_KINDS:
        failure = InternalError()
    hint = failure.advice
    if isinstance(failure, CodeRejected) and failure.deployment.error is not None:
        hint = failure.deployment.error.hint
    return Problem(failure.code, failure.detail, hint, _members(failure), _headers(failure))


def is_fault(failure: Failure) -> bool:
    """Claim that a failure belongs in the log with its traceback."""
    return isinstance(failure, Fault) or failure.code not in PROBLEM_KINDS


def is_served(outcome: Outcome) -> bool:
    """Claim that an outcome is answered with 200; the others are problems."""
    return outcome.kind.value not in PROBLEM_KINDS


def problem_of_call(record: CallRecord) -> Problem:
    """Return the problem for a call whose code did not run.

    It carries the whole outcome, so that a client rebuilds the same value.
    """
    code = record.outcome.kind.value
    members = outcome_json(record.outcome) | {
        "call_id": record.id,
        "function": record.function_name,
        "version": record.version,
    }
    detail = str(members.pop("detail"))
    headers = _retry_after(code, record.outcome.retry_after_s)
    return Problem(code, detail, members=members, headers=headers)
