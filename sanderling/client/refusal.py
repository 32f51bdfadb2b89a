"""Rebuilds, from a problem document, the refusal or fault that the use-case raised."""

from collections.abc import Iterator, Mapping

from drivers.limits import LimitRefused
from drivers.port import Deployment, OutcomeKind
from runner.error_json import error_from_json, limit_from_json
from runner.errors import (
    CallUnknown,
    CodeRejected,
    CursorRefused,
    DefinitionRefused,
    DeploymentError,
    FunctionExists,
    FunctionUnknown,
    OutcomeUnreadableError,
    RateLimited,
    VersionUnknown,
    VersionUnpublished,
)
from runner.function import NameRefused, RateLimitRefused
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
    *(InvalidJSON, NameRefused, LimitRefused, RateLimitRefused, DefinitionRefused, CursorRefused),
    *(Unauthenticated, KeyMalformed, KeyUnknown, KeyExpired, Forbidden),
    *(FunctionUnknown, FunctionExists, VersionUnpublished, VersionUnknown, CallUnknown),
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
        match code:
            case RequestInvalid.code:
                return RequestInvalid(list(_misfits(document)))
            case CodeRejected.code:
                return _code_rejected(document)
            case RateLimited.code:
                return _rate_limited(document)
            case MethodRefused.code:
                allowed = str(document["allowed"]).split(", ")
                return MethodRefused(method=str(document["method"]), allowed=allowed)
            case _ if code in _BY_CODE:
                return _plain(_BY_CODE[code], document)
            case _:
                pass
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


def _misfits(document: Document) -> Iterator[Misfit]:
    listed = document["errors"]
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):
            yield Misfit(str(each["place"]), str(each["field"]), str(each["message"]))


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
