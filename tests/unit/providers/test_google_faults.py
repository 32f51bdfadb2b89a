"""What Google refuses with is told by what is to be done about it."""

import json
from datetime import UTC, datetime

import pytest

from jobs.providers.answer import Answer
from jobs.providers.google.faults import fault_of
from jobs.providers.google.methods import METHODS, SCOPES, SENDING_SCOPE, Method
from jobs.sync.faults import (
    CursorExpired,
    Defect,
    ItemGone,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)
from support.gmail import error

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(status: int, body: object, **headers: str) -> ProviderFault:
    """Return the fault of an answer."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return fault_of(Answer(status, told, json.dumps(body).encode()), NOW)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "rateLimitExceeded", RateLimited),
        (403, "userRateLimitExceeded", RateLimited),
        (403, "quotaExceeded", RateLimited),
        (403, "dailyLimitExceeded", RateLimited),
        (429, "anything", RateLimited),
        (403, "insufficientPermissions", PermissionMissing),
        (403, "accessNotConfigured", PermissionMissing),
        (403, "domainPolicy", PermissionMissing),
        (403, "forbidden", PermissionMissing),
        (404, "notFound", ItemGone),
        (410, "fullSyncRequired", CursorExpired),
        (400, "failedPrecondition", Defect),
        (408, "timeout", Temporary),
        (409, "conflict", Temporary),
        (412, "conditionNotMet", Temporary),
        (500, "backendError", Temporary),
        (503, "backendError", Temporary),
    ],
)
def test_a_refusal_has_one_meaning(status: int, reason: str, kind: type[ProviderFault]) -> None:
    """Status and reason decide, and the message is never repeated."""
    fault = read(status, error(status, reason))

    assert type(fault) is kind
    assert "secret" not in str(fault)


@pytest.mark.parametrize("status", [302, 400, 403, 404, 410, 502])
@pytest.mark.parametrize("body", ["<html>", {}, {"error": "flat"}, []])
def test_what_is_not_in_googles_words_passes(status: int, body: object) -> None:
    """A proxy's 404 deletes nothing, and its 403 stops nothing."""
    assert type(read(status, body)) is Temporary


def test_how_long_to_wait_is_what_google_says() -> None:
    """Retry-After is kept, and a limit of the day waits for the next one."""
    rate = read(403, error(403, "rateLimitExceeded"), retry_after="30")
    daily = read(403, error(403, "dailyLimitExceeded"))

    assert isinstance(rate, RateLimited)
    assert isinstance(daily, RateLimited)
    assert (rate.retry_after_s, rate.is_daily) == (30.0, False)
    assert daily.is_daily


def test_reasons_in_details_and_status_are_read() -> None:
    """The newer form of errors says the same."""
    off = {"error": {"status": "PERMISSION_DENIED", "details": [{"reason": "SERVICE_DISABLED"}]}}
    spent = {"error": {"status": "RESOURCE_EXHAUSTED"}}

    assert "Enable the Gmail API" in str(read(403, off))
    assert isinstance(read(403, spent), RateLimited)


def test_words_of_strangers_are_not_repeated() -> None:
    """A reason is a word, or it is left out."""
    assert str(read(400, error(400, "a b <script>"))).startswith(
        "The provider refuses a request of ours as wrong: 400."
    )


@pytest.mark.parametrize("method", METHODS, ids=[method.id for method in METHODS])
def test_the_scopes_that_people_consent_to_allow_every_method(method: Method) -> None:
    """Nothing is asked of Google that it would refuse for want of a scope."""
    assert method.scopes.intersection(SCOPES)


def test_what_sending_asks_for_lets_nobody_read() -> None:
    """It is no part of what sync asks for, and allows no method that sync uses."""
    assert SENDING_SCOPE not in SCOPES
    assert not any(SENDING_SCOPE in method.scopes for method in METHODS)
