"""One event of a calendar, in no provider's words."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sanderling.simulator.core.mail import Correspondent


class MeetingStatus(StrEnum):
    """Whether it takes place."""

    CONFIRMED = "confirmed"
    TENTATIVE = "tentative"
    CANCELLED = "cancelled"


class Answered(StrEnum):
    """What someone said who was invited."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


@dataclass(frozen=True, slots=True)
class When:
    """A moment in a zone, or a whole day."""

    at: datetime | None = None
    """Aware, in UTC."""
    zone: str = "UTC"
    day: date | None = None

    def __post_init__(self) -> None:
        """Refuse what is both or neither."""
        if (self.at is None) is (self.day is None):
            raise ValueError("a moment or a day, not both")

    def local(self) -> datetime:
        """Return it as a clock on the wall there shows it; a day starts at midnight."""
        if self.at is not None:
            return self.at.astimezone(ZoneInfo(self.zone))
        assert self.day is not None  # noqa: S101 - __post_init__ holds it.
        return datetime(self.day.year, self.day.month, self.day.day, tzinfo=ZoneInfo(self.zone))

    def utc(self) -> datetime:
        """Return it as a moment in UTC; a day starts at midnight UTC."""
        if self.at is not None:
            return self.at
        return self.local().replace(tzinfo=UTC)

    def moved(self, step: timedelta) -> "When":
        """Return the same time on the wall, some days later."""
        if self.day is not None:
            return When(day=self.day + step, zone=self.zone)
        local = self.local().replace(tzinfo=None) + step
        return When(at=local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC), zone=self.zone)


@dataclass(frozen=True, slots=True)
class Invitee:
    """Someone who was invited."""

    who: Correspondent
    answered: Answered = Answered.WAITING
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned, before a calendar has it."""

    title: str
    start: When
    end: When
    organizer: Correspondent
    description: str = ""
    location: str = ""
    conference_url: str = ""
    recurrence: tuple[str, ...] = ()
    """`RRULE:` and `EXDATE:` lines; empty for what takes place once."""
    invitees: tuple[Invitee, ...] = ()
    is_private: bool = False
    status: MeetingStatus = MeetingStatus.CONFIRMED


@dataclass(frozen=True, slots=True)
class Meeting:
    """A plan in a calendar; cancelled ones stay, because calendars tell of them."""

    number: int
    uid: str
    plan: Plan
    changed: int
    revision: int
    created_at: datetime
    updated_at: datetime
    master: int | None = None
    """The number of the series to which it is an exception."""
    original_start: When | None = None

    @property
    def is_cancelled(self) -> bool:
        """Claim that it does not take place."""
        return self.plan.status is MeetingStatus.CANCELLED
