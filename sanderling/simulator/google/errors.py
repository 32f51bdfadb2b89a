"""Refusals as Google words them."""

from datetime import datetime, timedelta
from email.utils import format_datetime

from sanderling.simulator.core.exchange import Answer, html_answer, json_answer
from sanderling.simulator.core.faults import FaultKind

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    410: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_RETRY_S = 2


class Refused(Exception):
    """A request that Google does not carry out, with its answer."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        super().__init__(answer.status)
        self.answer = answer


def error(status: int, reason: str, message: str, *, domain: str = "global") -> Answer:
    """Return an error in the form of every Google API."""
    detail = {"message": message, "domain": domain, "reason": reason}
    body = {"code": status, "message": message, "errors": [detail], "status": _STATUS[status]}
    return json_answer({"error": body}, status)


def refused(status: int, reason: str, message: str) -> Refused:
    """Return an error to raise."""
    return Refused(error(status, reason, message))


def bad_value(name: str, value: str | None) -> Refused:
    """Return what is said of a parameter that is none."""
    return refused(400, "invalidArgument", f"Invalid value for {name}: {value}")


def not_found() -> Refused:
    """Return what is said of something that there is not."""
    return refused(404, "notFound", "Requested entity was not found.")


def rate_limited(status: int, reason: str = "rateLimitExceeded") -> Answer:
    """Return what is said of too many requests."""
    message = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'"
    return error(status, reason, message, domain="usageLimits")


def unauthorized() -> Answer:
    """Return what is said of an access token that is void."""
    message = "Request had invalid authentication credentials."
    answer = error(401, "authError", message)
    return answer.having(www_authenticate='Bearer realm="https://accounts.google.com/"')


_SCOPES = "Request had insufficient authentication scopes."
_LIMITS = {
    FaultKind.RATE_403: "rateLimitExceeded",
    FaultKind.USER_RATE_403: "userRateLimitExceeded",
    FaultKind.QUOTA_403: "quotaExceeded",
    FaultKind.DAILY_403: "dailyLimitExceeded",
}
_BROKEN = {FaultKind.ERROR_500: 500, FaultKind.ERROR_503: 503, FaultKind.PART_500: 500}


def fault_answer(kind: FaultKind, now: datetime) -> Answer:
    """Return Google's answer to a fault that has a status of its own."""
    if kind in _LIMITS:
        return rate_limited(403, _LIMITS[kind])
    if kind in _BROKEN:
        return error(_BROKEN[kind], "backendError", "Backend Error")
    if kind in _OTHERS:
        return _OTHERS[kind]
    return rate_limited(429).having(**_retry(kind, now))


def _retry(kind: FaultKind, now: datetime) -> dict[str, str]:
    """Return the header that says when to come again, which not every refusal has."""
    if kind is FaultKind.RATE_429_SECONDS:
        return {"retry_after": str(_RETRY_S)}
    if kind is FaultKind.RATE_429_DATE:
        return {"retry_after": format_datetime(now + timedelta(seconds=_RETRY_S), usegmt=True)}
    return {}


_OTHERS = {
    FaultKind.PERMISSION_403: error(403, "insufficientPermissions", _SCOPES),
    FaultKind.POLICY_403: error(
        403, "domainPolicy", "The domain administrators have disabled Gmail apps."
    ),
    FaultKind.PART_404: not_found().answer,
    FaultKind.ERROR_502: html_answer("<html><title>Error 502 (Server Error)</title></html>", 502),
}
