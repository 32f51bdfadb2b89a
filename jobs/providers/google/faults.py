"""What Google means when it refuses."""

import re
from datetime import datetime
from http import HTTPStatus

from jobs.providers.answer import Answer, Fields, fields_of, list_of, retry_after_s, text_of
from jobs.sync.faults import (
    CursorExpired,
    Defect,
    ItemGone,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)

_RATE = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "RESOURCE_EXHAUSTED",
    "RATE_LIMIT_EXCEEDED",
}
_DAILY = {"dailyLimitExceeded", "dailyLimitExceededUnreg"}
_API_OFF = {"accessNotConfigured", "SERVICE_DISABLED"}
_SCOPE = {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
_WORD = re.compile(r"[A-Za-z_]{1,60}")

_WHAT_TO_DO = {
    **dict.fromkeys(
        _API_OFF,
        (
            "an API is not enabled for the OAuth app",
            "Enable the Gmail API and the Google Calendar API for it, and resume the account",
        ),
    ),
    **dict.fromkeys(
        _SCOPE,
        (
            "the consent lacks a permission",
            "Connect the account again, and leave every permission ticked",
        ),
    ),
    "domainPolicy": (
        "the organisation does not allow this app",
        "Ask the Workspace's administrator to trust the OAuth app, and resume the account",
    ),
}
_OTHERWISE = (
    "access was refused",
    "Check in the Google account that the app still has access, and connect the account again",
)


def fault_of(answer: Answer, now: datetime) -> ProviderFault:
    """Return what an answer that is no success means; its message is never repeated.

    What is not in Google's own words comes from somewhere on the way, so it says nothing about
    an item, a cursor or a permission.
    """
    status, wait_s = answer.status, retry_after_s(answer.headers, now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(retry_after_s=wait_s)
    error = _error_of(answer)
    if error is None or status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Temporary(f"status {status}")
    words = _words(error)
    if status == HTTPStatus.FORBIDDEN:
        return _refused(words, wait_s)
    if status == HTTPStatus.NOT_FOUND:
        return ItemGone()
    return (
        CursorExpired()
        if status == HTTPStatus.GONE
        else Defect(" ".join([str(status), *words[:1]]))
    )


def _refused(words: list[str], wait_s: float | None) -> ProviderFault:
    if _DAILY.intersection(words):
        return RateLimited(is_daily=True)
    if _RATE.intersection(words):
        return RateLimited(retry_after_s=wait_s)
    detail, what_to_do = next(
        (_WHAT_TO_DO[word] for word in words if word in _WHAT_TO_DO), _OTHERWISE
    )
    return PermissionMissing(detail, what_to_do)


def _error_of(answer: Answer) -> Fields | None:
    try:
        return fields_of(answer.fields(), "error") or None
    except Temporary:
        return None


def _words(error: Fields) -> list[str]:
    """Return the reasons that are given, from the most exact to the widest."""
    told = [text_of(item, "reason") for item in list_of(error, "details")]
    told += [text_of(item, "reason") for item in list_of(error, "errors")]
    told.append(text_of(error, "status"))
    return [word for word in told if _WORD.fullmatch(word)]
