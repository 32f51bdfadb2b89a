"""What becomes of a stream after each kind of fault."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.sync.backoff import Course, next_quota_day, retry_wait_s, verdict
from jobs.sync.faults import (
    AppRefused,
    AuthRevoked,
    CursorExpired,
    Defect,
    ItemGone,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
NEXT_DAY = datetime(2026, 7, 2, 7, 5, tzinfo=UTC)
BUSY = Temporary("busy")
MISSET = AppRefused("the client secret is wrong", "Correct it")
FORBIDDEN = PermissionMissing("no mailbox", "Give the user a mailbox")


@pytest.mark.parametrize(
    ("fault", "failures", "course", "wait_s"),
    [
        (RateLimited(retry_after_s=17.5), 0, Course.BACK_OFF, 17.5),
        (RateLimited(retry_after_s=7200.0), 9, Course.BACK_OFF, 7200.0),
        (RateLimited(retry_after_s=-3.0), 0, Course.BACK_OFF, 0.0),
        (RateLimited(), 0, Course.BACK_OFF, 2.5),
        (RateLimited(), 3, Course.BACK_OFF, 16.5),
        (RateLimited(), 5000, Course.BACK_OFF, 64.5),
        (RateLimited(is_daily=True), 0, Course.BACK_OFF, (NEXT_DAY - NOW).total_seconds()),
        (BUSY, 0, Course.BACK_OFF, 52.5),
        (BUSY, 2, Course.BACK_OFF, 210.0),
        (BUSY, 5000, Course.BACK_OFF, 3150.0),
        (ItemGone(reason="it left"), 0, Course.BACK_OFF, 52.5),
        (CursorExpired(reason="old"), 0, Course.RESCAN, 0.0),
        (CursorExpired(reason="old"), 1, Course.RESCAN, 60.0),
        (CursorExpired(reason="old"), 4, Course.RESCAN, 480.0),
        (AuthRevoked("invalid_grant"), 0, Course.NEEDS_REAUTH, None),
        (FORBIDDEN, 0, Course.FAILED_PERMISSION, None),
        (MISSET, 0, Course.BACK_OFF, 52.5),
        (Defect("400"), 0, Course.BACK_OFF, 52.5),
        (Defect("400"), 1, Course.BACK_OFF, 105.0),
        (Defect("400"), 2, Course.STOP, None),
    ],
)
def test_a_fault_has_one_course(
    fault: ProviderFault, failures: int, course: Course, wait_s: float | None
) -> None:
    """Each fault waits as long as the provider asks or its kind deserves, and no longer."""
    found = verdict(fault, failures=failures, now=NOW, chance=0.5)

    assert found.course is course
    assert found.next_at == (None if wait_s is None else NOW + timedelta(seconds=wait_s))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 7, 1, 6, 59, tzinfo=UTC), datetime(2026, 7, 1, 7, 5, tzinfo=UTC)),
        (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), datetime(2026, 7, 2, 7, 5, tzinfo=UTC)),
        (datetime(2026, 12, 1, 12, tzinfo=UTC), datetime(2026, 12, 2, 8, 5, tzinfo=UTC)),
    ],
)
def test_quota_days_begin_on_the_pacific_coast(now: datetime, day: datetime) -> None:
    """A daily quota is tried again shortly after its midnight, in summer as in winter."""
    assert next_quota_day(now) == day


@pytest.mark.parametrize(
    ("fault", "tries", "wait_s"),
    [(BUSY, 0, 0.5), (BUSY, 2, 2.0), (BUSY, 3, None), (RateLimited(), 0, None)],
)
def test_only_what_passes_by_itself_is_tried_again_at_once(
    fault: ProviderFault, tries: int, wait_s: float | None
) -> None:
    """Three tries, further apart each time, and none against the provider's word."""
    assert retry_wait_s(fault, tries=tries, chance=0.5) == wait_s


@pytest.mark.parametrize("fault", [BUSY, FORBIDDEN, RateLimited(), AuthRevoked("invalid_grant")])
def test_a_fault_says_what_it_is_in_sentences(fault: ProviderFault) -> None:
    """What people read has no place left open."""
    assert fault.detail.endswith(".")
    assert "{" not in str(fault)
