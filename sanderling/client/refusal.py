"""Rebuilds, from a problem document, the refusal or fault that the use-case raised."""

from collections.abc import Callable, Mapping

from config.errors import (
    ConfigConflict,
    ConfigRejected,
    DatabaseConfigDisabled,
    EnvironmentOnlyVariable,
    HeadMoved,
    Problem,
    RevisionNotInForce,
    RevisionUnknown,
    SealingRefused,
    SecretUnreadableError,
    TrialUnavailable,
    TrialUnknown,
    VariableUnknown,
)
from config.stored import Change
from drivers.limits import LimitRefused
from drivers.port import Deployment, OutcomeKind
from jobs.accounts.errors import (
    AccountStopped,
    AccountUnknown,
    AttachmentRefused,
    AttachmentsBusy,
    AttachmentTooLarge,
    AttachmentUnknown,
    ChannelRefused,
    ConsentRefused,
    ErrandUnknown,
    MessageUnknown,
    ProviderAway,
    ProviderDisabled,
)
from jobs.errors import JobRunRefused, JobUnknown
from runner.error_json import error_from_json, limit_from_json
from runner.errors import (
    CallUnknown,
    CodeRejected,
    CursorRefused,
    DefinitionRefused,
    DeploymentError,
    ExportsBusy,
    FunctionExists,
    FunctionUnknown,
    OutcomeUnreadableError,
    RateLimited,
    ReplayRefused,
    VersionUnknown,
    VersionUnpublished,
)
from runner.executions.errors import (
    ExecutionNotEnded,
    ExecutionRefused,
    ExecutionUnknown,
    FollowersFull,
    IdempotencyConflict,
    IdempotencyInFlight,
)
from runner.function import ConcurrencyRefused, NameRefused, RateLimitRefused
from runner.triggers.errors import (
    FunctionFailed,
    FunctionUnavailable,
    RecordEventRefused,
    ReplyRefused,
    RouteBodyTooLarge,
    RouteMethodRefused,
    RouteRequestRefused,
    RouteUnmatched,
    TriggerRefused,
    TriggersFull,
    TriggerUnknown,
)
from sanderling.access.errors import (
    Forbidden,
    KeyExpired,
    KeyMalformed,
    KeyUnknown,
    Unauthenticated,
)
from sanderling.api.errors import (
    BodyLate,
    BodyTooLarge,
    ContentTypeRefused,
    ExpectationRefused,
    HeadLate,
    HeadMalformed,
    HeadTooLarge,
    MethodRefused,
    Misfit,
    PushRefused,
    PushUnproven,
    RequestInvalid,
    RouteUnknown,
)
from sanderling.api.problem import RESERVED
from sanderling.api.problem_kinds import problem_code
from sanderling.client.errors import ServerFailedError, ServerRefused
from sanderling.kernel.errors import Fact, Failure, StoreUnavailableError
from sanderling.kernel.jsontext import JSON, InvalidJSON

Document = Mapping[str, JSON]

_PLAIN: tuple[type[Failure], ...] = (
    *(HeadMalformed, HeadLate, HeadTooLarge),
    *(RouteUnknown, BodyTooLarge, BodyLate, ContentTypeRefused, ExpectationRefused),
    *(InvalidJSON, NameRefused, LimitRefused, RateLimitRefused, ConcurrencyRefused),
    *(DefinitionRefused, CursorRefused),
    *(Unauthenticated, KeyMalformed, KeyUnknown, KeyExpired, Forbidden),
    *(FunctionUnknown, FunctionExists, VersionUnpublished, VersionUnknown, CallUnknown),
    *(ReplayRefused, ExportsBusy),
    *(VariableUnknown, EnvironmentOnlyVariable, DatabaseConfigDisabled, HeadMoved),
    *(RevisionUnknown, SealingRefused, SecretUnreadableError, TrialUnknown, TrialUnavailable),
    *(TriggerRefused, TriggerUnknown, TriggersFull, RouteUnmatched, RouteRequestRefused),
    *(ExecutionUnknown, ExecutionRefused, ExecutionNotEnded, IdempotencyConflict),
    FollowersFull,
    *(RecordEventRefused, RouteBodyTooLarge, FunctionFailed, FunctionUnavailable, ReplyRefused),
    *(JobUnknown, JobRunRefused),
    *(AccountUnknown, MessageUnknown, ErrandUnknown, ConsentRefused),
    *(AttachmentUnknown, AttachmentRefused, AttachmentTooLarge, AttachmentsBusy),
    *(AccountStopped, ProviderAway),
    *(ProviderDisabled, ChannelRefused),
    *(PushRefused, PushUnproven),
    *(DeploymentError, StoreUnavailableError),
)
"""Failures that their facts alone make."""

_BY_CODE: Mapping[str, type[Failure]] = {kind.code: kind for kind in _PLAIN}
_FIRST_FAULT = 500


def failure_from(document: Document) -> Failure:
    """Return the failure that a problem document tells of.

    One that this client does not know becomes `ServerRefused`, or `ServerFailedError` from 500 on.
    """
    code = problem_code(str(document.get("type")))
    try:
        if code in _BUILDERS:
            return _BUILDERS[code](document)
        if code in _BY_CODE:
            return _plain(_BY_CODE[code], document)
    except (KeyError, TypeError, ValueError, IndexError, OutcomeUnreadableError):
        # Another version of the server tells it with other facts.
        pass
    return _unknown(code, document)


def _plain(kind: type[Failure], document: Document) -> Failure:
    facts: dict[str, Fact] = {
        name: member
        for name, member in document.items()
        if name not in RESERVED and not isinstance(member, (list, dict))
    }
    failure = kind.__new__(kind)
    # Facts are kept as they came: constructors shorten or check what is new, not what is told.
    Failure.__init__(failure, **facts)
    return failure


def _request_invalid(document: Document) -> RequestInvalid:
    return RequestInvalid(
        [
            Misfit(str(each["place"]), str(each["field"]), str(each["message"]))
            for each in _listed(document, "errors")
        ]
    )


def _method_refused(document: Document) -> MethodRefused:
    allowed = str(document["allowed"]).split(", ")
    return MethodRefused(method=str(document["method"]), allowed=allowed)


def _route_method_refused(document: Document) -> RouteMethodRefused:
    allowed = str(document["allowed"]).split(", ")
    return RouteMethodRefused(method=str(document["method"]), allowed=allowed)


def _rejected(document: Document) -> ConfigRejected:
    problems = _listed(document, "problems")
    return ConfigRejected([Problem(str(each["name"]), str(each["reason"])) for each in problems])


def _not_in_force(document: Document) -> RevisionNotInForce:
    waiting = document["waiting"]
    told = waiting if isinstance(waiting, list) else []
    return RevisionNotInForce(
        revision=int(str(document["revision"])), waiting=[str(each) for each in told]
    )


def _listed(document: Document, name: str) -> list[dict[str, JSON]]:
    listed = document[name]
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _conflict(document: Document) -> ConfigConflict:
    conflicts = [
        Change(str(each["name"]), _optional(each["in_force"]), _optional(each["asked"]))
        for each in _listed(document, "conflicts")
    ]
    base, head = int(str(document["base"])), int(str(document["head"]))
    return ConfigConflict(base=base, head=head, conflicts=conflicts)


def _optional(member: JSON) -> str | None:
    return None if member is None else str(member)


def _code_rejected(document: Document) -> CodeRejected:
    deployment = Deployment(
        OutcomeKind.BAD_CODE,
        error=error_from_json(document["error"]),
        limit=limit_from_json(document.get("limit")),
    )
    return CodeRejected(reason=str(document["reason"]), deployment=deployment)


def _rate_limited(document: Document) -> RateLimited:
    numbers = {name: document[name] for name in ("limit", "window_s", "resets_in_s")}
    limit, window_s, resets_in_s = (
        number if isinstance(number, (int, float)) else float(str(number))
        for number in numbers.values()
    )
    return RateLimited(
        rule=str(document["rule"]),
        limit=int(limit),
        window_s=window_s,
        resets_in_s=resets_in_s,
    )


def _in_flight(document: Document) -> IdempotencyInFlight:
    return IdempotencyInFlight(
        key=str(document["key"]), retry_after_s=float(str(document["retry_after_s"]))
    )


_BUILDERS: Mapping[str, Callable[[Document], Failure]] = {
    RequestInvalid.code: _request_invalid,
    MethodRefused.code: _method_refused,
    RouteMethodRefused.code: _route_method_refused,
    CodeRejected.code: _code_rejected,
    RateLimited.code: _rate_limited,
    IdempotencyInFlight.code: _in_flight,
    ConfigRejected.code: _rejected,
    ConfigConflict.code: _conflict,
    RevisionNotInForce.code: _not_in_force,
}
"""Failures that keep more than their facts."""


def _unknown(code: str, document: Document) -> Failure:
    status = document.get("status")
    known_status = status if isinstance(status, int) else _FIRST_FAULT
    detail = str(document.get("detail", ""))
    if known_status < _FIRST_FAULT:
        return ServerRefused(status=known_status, code=code, detail=detail)
    return ServerFailedError(
        status=known_status,
        code=code,
        detail=detail,
        request_id=str(document.get("request_id", "")),
    )
