"""How Graph words what goes wrong."""

from datetime import datetime, timedelta
from email.utils import format_datetime

from sanderling.simulator.core.exchange import Answer, html_answer, json_answer
from sanderling.simulator.core.faults import FaultKind

RETRY_AFTER_S = 17
_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body></body></html>"


class Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        """Keep the answer."""
        super().__init__(answer.status)
        self.answer = answer


def error(status: int, code: str, message: str) -> Answer:
    """Answer with an error in Graph's form."""
    inner = {"request-id": "00000000-0000-0000-0000-000000000000"}
    value = {"error": {"code": code, "message": message, "innerError": inner}}
    return json_answer(value, status)


def unauthorized() -> Answer:
    """Answer to whoever shows no token that is good."""
    answer = error(401, "InvalidAuthenticationToken", "Lifetime validation failed.")
    return answer.having(www_authenticate='Bearer realm="", error="invalid_token"')


def item_not_found() -> Refused:
    """Refuse what names nothing that is there."""
    message = "The specified object was not found in the store."
    return Refused(error(404, "ErrorItemNotFound", message))


def bad_request(code: str, message: str) -> Refused:
    """Refuse what makes no sense."""
    return Refused(error(400, code, message))


def cursor_unknown(fresh_url: str) -> Refused:
    """Refuse a delta or skip token that is not kept any more, and say where to begin again."""
    answer = error(410, "SyncStateNotFound", "The sync state generation is not found.")
    return Refused(answer.having(location=fresh_url))


def throttled(code: str = "ApplicationThrottled", retry_after: str = "") -> Answer:
    """Answer to whoever asks too often or too much at once."""
    answer = error(429, code, "Application is over its quota of requests.")
    return answer.having(retry_after=retry_after) if retry_after else answer


def fault_answer(kind: FaultKind, now: datetime) -> Answer:
    """Return the answer to a fault with a status of its own.

    Graph refuses for its quota with 429 alone; what others say with 403 is 429 here.
    """
    if kind is FaultKind.RATE_429_DATE:
        until = now + timedelta(seconds=RETRY_AFTER_S)
        return throttled(retry_after=format_datetime(until, usegmt=True))
    return _ANSWERS.get(kind, _BROKEN)


_BROKEN = error(500, "InternalServerError", "An internal server error occurred.")
_LATER = throttled(retry_after=str(RETRY_AFTER_S))
_ANSWERS = {
    FaultKind.PERMISSION_403: error(403, "ErrorAccessDenied", "Access is denied."),
    FaultKind.POLICY_403: error(
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    FaultKind.RATE_429_SECONDS: _LATER,
    FaultKind.PART_429: _LATER,
    FaultKind.DAILY_403: _LATER,
    FaultKind.USER_RATE_403: throttled("MailboxConcurrency"),
    FaultKind.RATE_403: throttled(),
    FaultKind.QUOTA_403: throttled(),
    FaultKind.RATE_429: throttled(),
    FaultKind.PART_404: item_not_found().answer,
    FaultKind.ERROR_502: html_answer(_BAD_GATEWAY, 502),
    FaultKind.ERROR_503: error(503, "serviceNotAvailable", "The service is unavailable."),
}
