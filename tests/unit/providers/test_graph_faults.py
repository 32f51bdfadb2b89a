"""What Graph's refusals mean to us, and what our consent allows."""

import json
from datetime import UTC, datetime

import pytest

from jobs.providers.answer import Answer
from jobs.providers.microsoft.faults import fault_of
from jobs.providers.microsoft.methods import METHODS, SCOPES, SENDING_SCOPE, WATCHING
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
from support.microsoft import Microsoft, events_of, scanned

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
NEEDLESS = {"openid", "email", "profile", "offline_access", "User.Read"}


def _refusal(status: int, code: str, **headers: str) -> Answer:
    body = json.dumps({"error": {"code": code, "message": "Subject of a mail"}}).encode()
    return Answer(status, headers, body)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (410, "SyncStateNotFound", CursorExpired),
        (400, "SyncStateInvalid", CursorExpired),
        (400, "ErrorInvalidSyncStateData", CursorExpired),
        (404, "syncStateNotFound", CursorExpired),
        (410, "resyncRequired", CursorExpired),
        (403, "ErrorAccessDenied", PermissionMissing),
        (404, "MailboxNotEnabledForRESTAPI", PermissionMissing),
        (403, "Authorization_RequestDenied", PermissionMissing),
        (403, "SomethingNew", PermissionMissing),
        (400, "interaction_required", AuthRevoked),
        (400, "consent_required", AuthRevoked),
        (429, "ApplicationThrottled", RateLimited),
        (503, "MailboxConcurrency", RateLimited),
        (404, "ErrorItemNotFound", ItemGone),
        (412, "ErrorIrresolvableConflict", Temporary),
        (500, "InternalServerError", Temporary),
        (400, "ErrorInvalidIdMalformed", Defect),
    ],
)
def test_each_refusal_has_its_meaning(status: int, code: str, kind: type[ProviderFault]) -> None:
    """The code counts for more than the status, and the message is never repeated."""
    fault = fault_of(_refusal(status, code), NOW)

    assert type(fault) is kind
    assert "Subject of a mail" not in str(fault)


def test_the_inner_code_counts_as_well() -> None:
    """Some services wrap what they mean."""
    error = {"code": "BadRequest", "innerError": {"code": "resyncRequired"}}

    fault = fault_of(Answer(400, {}, json.dumps({"error": error}).encode()), NOW)

    assert isinstance(fault, CursorExpired)


def test_a_page_of_a_proxy_says_nothing_about_an_item() -> None:
    """A 404 or 410 that Graph did not write is something on the way."""
    for status in (403, 404, 410):
        assert isinstance(fault_of(Answer(status, {}, b"<html>"), NOW), Temporary)


def test_a_missing_permission_says_what_to_do() -> None:
    """An administrator's consent is asked for where it is missing."""
    fault = fault_of(_refusal(403, "Authorization_RequestDenied"), NOW)

    assert "administrator" in fault.advice
    assert ".." not in str(fault)


def test_an_overloaded_service_is_waited_for_as_long_as_it_asks() -> None:
    """A 503 with Retry-After is kept exactly."""
    fault = fault_of(_refusal(503, "serviceNotAvailable", **{"retry-after": "41"}), NOW)

    assert isinstance(fault, RateLimited)
    assert fault.retry_after_s == 41


def test_our_consent_allows_every_method_that_is_used() -> None:
    """Each of them is allowed by one of the scopes that people are asked for."""
    for method in (*METHODS, *WATCHING):
        assert method.scopes & set(SCOPES), method.path


def test_nothing_is_asked_for_that_no_method_needs() -> None:
    """Beside who somebody is, each scope is the reason of some method, and none writes."""
    needed = {scope for scope in SCOPES if any(scope in method.scopes for method in METHODS)}

    assert needed == set(SCOPES) - NEEDLESS
    assert not any("Write" in scope or "Send" in scope for scope in SCOPES)


def test_what_sending_asks_for_lets_nobody_read() -> None:
    """It is no part of what sync asks for, and allows no method that sync uses."""
    assert SENDING_SCOPE not in SCOPES
    assert not any(SENDING_SCOPE in method.scopes for method in METHODS)


async def test_the_simulated_graph_lets_us_do_everything_with_our_scopes() -> None:
    """Reading folders, messages, files and events needs no more than we ask for."""
    microsoft = Microsoft(mails=30, meetings=10, scopes=frozenset(SCOPES))
    async with microsoft.mail() as mail, microsoft.calendar() as calendar:
        folder = next(each for each in await mail.folders() if each.is_synced)
        await scanned(mail, folder.remote_id)
        await events_of(calendar)

    assert {answer.status for _, answer in microsoft.seen} == {200}


@pytest.mark.parametrize("scope", ["Mail.ReadBasic", "Calendars.Read"])
async def test_too_little_consent_is_a_missing_permission(scope: str) -> None:
    """Headers alone are no mail, and a calendar is none either."""
    microsoft = Microsoft(mails=1, scopes=frozenset({scope}))
    response = await microsoft.ask("/v1.0/me/messages/x/attachments")

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "ErrorAccessDenied"
