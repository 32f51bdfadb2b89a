"""How long a stream rests after a fault, and what becomes of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from jobs.sync.faults import (
    AuthRevoked,
    CursorExpired,
    Defect,
    PermissionMissing,
    ProviderFault,
    RateLimited,
    Temporary,
)

LONGEST_WAIT_S = 3600.0
DEFECTS_BEFORE_STOP = 3
TRIES_AT_ONCE = 3
_FIRST_WAIT_S = 60.0
_FIRST_RATE_WAIT_S = 2.0
_LONGEST_RATE_WAIT_S = 64.0
_MOST_DOUBLINGS = 30
_QUOTA_ZONE = ZoneInfo("America/Los_Angeles")  # where the days of Google's quotas begin.
_AFTER_MIDNIGHT = timedelta(minutes=5)


class Course(StrEnum):
    """What becomes of a stream after a fault."""

    BACK_OFF = "back_off"
    RESCAN = "rescan"
    NEEDS_REAUTH = "needs_reauth"
    FAILED_PERMISSION = "failed_permission"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a stream, and when it is looked at again; None where nobody looks."""

    course: Course
    next_at: datetime | None


def verdict(fault: ProviderFault, *, failures: int, now: datetime, chance: float) -> Verdict:
    """Return what to do after `fault`.

    `failures` counts those in a row before this one; a page that was kept sets it back to 0.
    `chance` in [0, 1) spreads streams that failed together.
    """
    match fault:
        case RateLimited():
            return Verdict(Course.BACK_OFF, _after_rate(fault, failures, now, chance))
        case CursorExpired():
            # A rescan that is refused as well must not be tried again at once for ever.
            wait_s = 0.0 if failures == 0 else _doubled(_FIRST_WAIT_S, failures - 1)
            return Verdict(Course.RESCAN, now + timedelta(seconds=wait_s))
        case AuthRevoked():
            return Verdict(Course.NEEDS_REAUTH, None)
        case PermissionMissing():
            return Verdict(Course.FAILED_PERMISSION, None)
        case Defect() if failures + 1 >= DEFECTS_BEFORE_STOP:
            return Verdict(Course.STOP, None)
        case _:
            wait_s = _doubled(_FIRST_WAIT_S, failures)
            return Verdict(Course.BACK_OFF, now + timedelta(seconds=_spread(wait_s, chance)))


def retry_wait_s(fault: ProviderFault, *, tries: int, chance: float) -> float | None:
    """Return how long to wait before the same request is made again at once, or None for not.

    Three tries for what passes by itself, full jitter over 1, 2 and 4 seconds. What the provider
    asks us to wait is never shortened, and left to the next slice.
    """
    return chance * 2.0**tries if isinstance(fault, Temporary) and tries < TRIES_AT_ONCE else None


def _after_rate(fault: RateLimited, failures: int, now: datetime, chance: float) -> datetime:
    if fault.is_daily:
        return next_quota_day(now)
    if fault.retry_after_s is not None:
        return now + timedelta(seconds=max(0.0, fault.retry_after_s))
    wait_s = min(_LONGEST_RATE_WAIT_S, _FIRST_RATE_WAIT_S * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return now + timedelta(seconds=wait_s + chance)


def next_quota_day(now: datetime) -> datetime:
    """Return shortly after the next midnight of the providers' quotas."""
    local = now.astimezone(_QUOTA_ZONE)
    midnight = datetime.combine(
        local.date() + timedelta(days=1), datetime.min.time(), tzinfo=_QUOTA_ZONE
    )
    return midnight.astimezone(UTC) + _AFTER_MIDNIGHT


def _doubled(first_s: float, times: int) -> float:
    return min(LONGEST_WAIT_S, first_s * 2.0 ** min(times, _MOST_DOUBLINGS))


def _spread(wait_s: float, chance: float) -> float:
    return wait_s * (0.75 + 0.25 * chance)
