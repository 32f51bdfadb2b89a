"""Meetings of a realistic kind, the same for the same number."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sanderling.simulator.core import words
from sanderling.simulator.core.agenda import Agenda
from sanderling.simulator.core.mail import Correspondent
from sanderling.simulator.core.meeting import Answered, Invitee, Meeting, Plan, When
from sanderling.simulator.core.recurrence import occurrences

_RULES = (
    "RRULE:FREQ=WEEKLY;BYDAY={day}",
    "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=12;BYDAY={day}",
    "RRULE:FREQ=DAILY;COUNT=10",
    "RRULE:FREQ=MONTHLY;COUNT=6",
)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SPREAD_DAYS = 180


@dataclass(slots=True)
class AgendaSeed:
    """Plans the meetings of one owner around `today`; `number` decides everything."""

    number: int
    owner: Correspondent
    today: datetime
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        """Start drawing."""
        self._random = Random(f"{self.number}:agenda:{self.owner.email}")  # noqa: S311 - repeatable, not secret.

    def fill(self, agenda: Agenda, count: int) -> None:
        """Add `count` meetings: some whole days, some series, some exceptions to series."""
        while len(agenda.meetings) < count:
            is_series = self._happens(12)
            plan = self.plan(is_series=is_series)
            added = agenda.add(plan, at=self.today)
            if is_series and len(agenda.meetings) < count:
                self._except(agenda, added)

    def plan(self, *, is_series: bool = False) -> Plan:
        """Return one new plan."""
        start, end = self._times()
        rule = self._random.choice(_RULES).format(day=_WEEKDAYS[start.local().weekday()])
        invitees = tuple(self._invitee() for _ in range(self._random.choice((0, 1, 2, 4))))
        own = Invitee(self.owner, Answered.ACCEPTED)
        is_online = start.day is None and self._happens(50)
        return Plan(
            title=self._fill(self._random.choice(words.MEETINGS)),
            start=start,
            end=end,
            organizer=self.owner,
            description=self._fill(self._random.choice(words.SENTENCES)),
            location=self._random.choice(words.LOCATIONS),
            conference_url=f"https://meet.example/{self._random.getrandbits(32):08x}"
            if is_online
            else "",
            recurrence=(rule,) if is_series else (),
            invitees=(own, *invitees) if invitees else (),
            is_private=self._happens(5),
        )

    def _except(self, agenda: Agenda, master: Meeting) -> None:
        """Move the second of a series by an hour, or cancel it."""
        horizon = master.plan.start.utc() + timedelta(days=90)
        found = occurrences(master, (), after=datetime(1970, 1, 1, tzinfo=UTC), before=horizon)
        second = found[1]
        if second.start.day is not None:
            return
        hour = timedelta(hours=1)
        plan = replace(
            master.plan,
            recurrence=(),
            start=When(at=second.start.utc() + hour, zone=second.start.zone),
            end=When(at=second.end.utc() + hour, zone=second.end.zone),
        )
        exception = agenda.add(
            plan, at=self.today, master=master.number, original_start=second.original_start
        )
        if self._happens(40):
            agenda.cancel(exception.number, at=self.today)

    def _times(self) -> tuple[When, When]:
        day = self.today.date() + timedelta(days=self._random.randint(-_SPREAD_DAYS, _SPREAD_DAYS))
        zone = self._random.choice(words.ZONES)
        if self._happens(10):
            days = timedelta(days=self._random.choice((1, 1, 2, 5)))
            return When(day=day, zone=zone), When(day=day + days, zone=zone)
        hour, minute = self._random.randint(8, 17), self._random.choice((0, 0, 15, 30))
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
        start = local.astimezone(UTC)
        length = timedelta(minutes=self._random.choice((15, 30, 30, 60, 90)))
        return When(at=start, zone=zone), When(at=start + length, zone=zone)

    def _invitee(self) -> Invitee:
        first, last = self._random.choice(words.FIRST_NAMES), self._random.choice(words.LAST_NAMES)
        address = (
            f"guest{self._random.randint(1, 400)}@{self._random.choice(words.COMPANIES)}.example"
        )
        answered = self._random.choice(tuple(Answered))
        person = Correspondent(f"{first} {last}", address)
        return Invitee(person, answered, is_optional=self._happens(20))

    def _happens(self, percent: int) -> bool:
        return self._random.randrange(100) < percent

    def _fill(self, phrase: str) -> str:
        return phrase.format(
            thing=self._random.choice(words.THINGS),
            name=self._random.choice(words.FIRST_NAMES),
            day=self._random.choice(words.DAYS),
        )
