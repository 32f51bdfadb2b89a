"""What Graph means when it refuses."""

import re
from datetime import datetime
from http import HTTPStatus

from jobs.providers.answer import Answer, Fields, fields_of, retry_after_s, text_of
from jobs.sync.faults import (
    AuthRevoked,
    CursorExpired,
    Defect,
    ItemGone,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)

DEFAULT_WAIT_S = 30.0
"""How long to wait where Graph asks for it and does not say how long."""

_CURSOR = {
    *("syncstatenotfound", "syncstateinvalid", "resyncrequired", "errorinvalidsyncstatedata"),
    *("errorsyncstatenotfound", "resyncchangesapplydifferences", "resyncchangesuploaddifferences"),
}
_RATE = {
    *("applicationthrottled", "mailboxconcurrency", "toomanyrequests", "activitylimitreached"),
    *("errorserverbusy", "errorexceededconnectioncount"),
}
_AUTH = {"interaction_required", "consent_required", "invalid_grant", "login_required"}
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.LOCKED,
}
_NO_MAILBOX = (
    "the account has no mailbox that Microsoft Graph can read",
    "Give the account an Exchange Online or Outlook.com mailbox, and resume it",
)
_NO_CONSENT = (
    "an administrator has not allowed the app",
    "Ask the organisation's administrator to grant consent to it, and connect the account again",
)
_OTHERWISE = (
    "access to the mailbox or calendar was refused",
    "Connect the account again with every permission, or ask the administrator to allow the app",
)
_PERMISSION = {
    "mailboxnotenabledforrestapi": _NO_MAILBOX,
    "mailboxnotsupportedforrestapi": _NO_MAILBOX,
    "errornonexistentmailbox": _NO_MAILBOX,
    "resourcenotfoundformailbox": _NO_MAILBOX,
    "authorization_requestdenied": _NO_CONSENT,
    "erroraccessdenied": _OTHERWISE,
    "accessdenied": _OTHERWISE,
}
_WORD = re.compile(r"[A-Za-z_-]{1,80}")
_DEEPEST = 8


def fault_of(answer: Answer, now: datetime) -> ProviderFault:
    """Return what an answer that is no success means; its message is never repeated.

    What is not in Graph's own words comes from somewhere on the way, so it says nothing about
    an item, a cursor or a permission.
    """
    status, wait_s = answer.status, retry_after_s(answer.headers, now)
    words = _words(answer)
    if status == HTTPStatus.TOO_MANY_REQUESTS or _RATE.intersection(words):
        return RateLimited(retry_after_s=DEFAULT_WAIT_S if wait_s is None else wait_s)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and wait_s is not None:
        return RateLimited(retry_after_s=wait_s)
    if not words or status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Temporary(f"status {status}")
    return _told(status, words)


def _told(status: int, words: list[str]) -> ProviderFault:
    """Return what Graph's own words mean."""
    revoked = _AUTH.intersection(words)
    if _CURSOR.intersection(words) or status == HTTPStatus.GONE:
        return CursorExpired()
    if revoked:
        return AuthRevoked(min(revoked))
    permission = next((_PERMISSION[word] for word in words if word in _PERMISSION), None)
    if permission is not None or status == HTTPStatus.FORBIDDEN:
        return PermissionMissing(*(permission or _OTHERWISE))
    return ItemGone() if status == HTTPStatus.NOT_FOUND else Defect(f"{status} {words[0]}")


def _words(answer: Answer) -> list[str]:
    """Return the codes of an error from the widest to the most exact, in small letters."""
    try:
        error: Fields = fields_of(answer.fields(), "error")
    except Temporary:
        return []
    found: list[str] = []
    for _ in range(_DEEPEST):
        code = text_of(error, "code")
        if _WORD.fullmatch(code):
            found.append(code.lower())
        error = fields_of(error, "innerError") or fields_of(error, "innererror")
    return found
