"""Cron expressions in a time zone, with one stated rule for clocks that jump.

The fields are read by cronsim, which follows the cron of Debian: where both a day of the month and
a day of the week are given, either makes a match, unless one of the two begins with `*`.

Clocks that jump. An expression whose minute or hour begins with `*` follows the clock on the wall:
it runs at every moment at which that clock shows a match, twice where the clock shows it twice.
Any other expression names times of day, and each of its days has each of them once: a time that
is left out runs once right after the jump, together with the others that are left out with it;
a time that comes twice runs the first time.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from sanderling.schedule.errors import CronRefused, MomentRefused, TimeZoneRefused
from sanderling.schedule.wall_clock import moment_of, offset_changes, reading

_LONGEST = 200
_FIELDS = 5
_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_NO_DATE = "it never matches any date: no month that it names has such a day"
_CHARACTERS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*,-/# ")
_CHECKED_FROM = datetime(2000, 1, 1)  # noqa: DTZ001 - a reading of a clock on the wall.
_SECOND = timedelta(seconds=1)
_LAST_YEAR = 9990
"""Beyond it Python has no dates to look for."""

YEARS = range(1900, 9900)
"""The years from whose moments runs can be looked for: calendars run out of dates at both ends."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A checked expression, and the zone whose clocks it is read on; made by `parse_cron`."""

    expression: str
    zone: str

    @property
    def follows_the_clock(self) -> bool:
        """Claim that a time which comes twice runs twice, and that none is made up for."""
        minute, hour = self.expression.split()[-_FIELDS:][:2]
        return minute.startswith("*") or hour.startswith("*")

    def after(self, moment: datetime) -> datetime | None:
        """Return the first run later than `moment`, in UTC; None when there is none to come.

        Raises:
            MomentRefused: as `runs_after` does.

        """
        return next(self.runs_after(moment), None)

    def runs_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the runs later than `moment`, in UTC and in order, for as long as there are any.

        cronsim looks 50 years ahead for each next one.

        Raises:
            MomentRefused: the moment is not in `YEARS`.

        """
        if moment.year not in YEARS:
            raise MomentRefused(year=moment.year, first=YEARS[0], last=YEARS[-1])
        if self.zone == "UTC":
            return _in_utc(self.expression, moment)
        zone = ZoneInfo(self.zone)
        if self.follows_the_clock:
            return _shown(self.expression, moment, zone)
        return _once_each(self.expression, moment, zone)

    def runs_within(self, after: datetime, until: datetime, *, most: int) -> list[datetime]:
        """Return at most `most` runs later than `after` and not later than `until`.

        Raises:
            MomentRefused: as `runs_after` does, for `after`.

        """
        runs = itertools.takewhile(lambda run: run <= until, self.runs_after(after))
        return list(itertools.islice(runs, most))


@lru_cache(maxsize=4096)
def parse_cron(expression: str, zone: str = "UTC") -> Cron:
    """Return the schedule that `expression` names on the clocks of `zone`.

    Five fields are minute, hour, day of the month, month and day of the week; a sixth in front of
    them is the second. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are known.

    Raises:
        CronRefused: it cannot be read, or no date could ever match.
        TimeZoneRefused: there is no such zone.

    """
    shown = " ".join(expression[:_LONGEST].split())
    if len(expression) > _LONGEST:
        raise CronRefused(expression=shown, reason=f"it is longer than {_LONGEST} characters")
    fields = _WORDS.get(shown.lower(), shown.upper())
    if not _CHARACTERS.issuperset(fields):
        raise CronRefused(expression=shown, reason="it holds a character that no field has")
    _check_zone(zone)
    try:
        next(CronSim(fields, _CHECKED_FROM))
    except CronSimError as error:
        raise CronRefused(expression=shown, reason=_reason(fields, str(error))) from None
    except StopIteration:
        raise CronRefused(expression=shown, reason=_NO_DATE) from None
    return Cron(fields, zone)


def _reason(fields: str, said: str) -> str:
    if _is_readable(fields):
        return _NO_DATE
    # The library says `Bad minute`, or how many fields it wants.
    field = said.removeprefix("Bad ")
    return "it has not five or six fields" if field == said else f"the {field} cannot be read"


def _is_readable(fields: str) -> bool:
    """Claim that each field can be read by itself, so that only no month has such a day."""
    parts = fields.split()
    if len(parts) < _FIELDS:
        return False
    parts[-2:-1] = ["*"] if _is_month(parts[-2]) else parts[-2:-1]
    try:
        CronSim(" ".join(parts), _CHECKED_FROM)
    except CronSimError:
        return False
    return True


def _is_month(field: str) -> bool:
    try:
        CronSim(f"0 0 1 {field} *", _CHECKED_FROM)
    except CronSimError:
        return False
    return True


def _check_zone(zone: str) -> None:
    if zone != "UTC" and zone not in _zones():
        raise TimeZoneRefused(name=zone)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    # `localtime` and its like depend on the machine, and two replicas must agree.
    return frozenset(name for name in available_timezones() if name[:1].isupper())


def _readings(expression: str, after: datetime) -> Iterator[datetime]:
    """Yield the readings later than the whole second of `after` that match."""
    return itertools.takewhile(lambda shown: shown.year < _LAST_YEAR, CronSim(expression, after))


def _in_utc(expression: str, moment: datetime) -> Iterator[datetime]:
    naive = moment.astimezone(UTC).replace(tzinfo=None)
    return (shown.replace(tzinfo=UTC) for shown in _readings(expression, naive))


def _once_each(expression: str, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    # Readings in order have moments in order, so the first later moment is the next run.
    last = moment
    for shown in _readings(expression, reading(moment, zone)):
        run = moment_of(shown, zone)
        if run > last:
            last = run
            yield run


def _shown(expression: str, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield matches stretch by stretch, each of one offset, within which readings are moments."""
    start = moment.astimezone(UTC).replace(microsecond=0) + _SECOND
    while True:
        offset = start.astimezone(zone).utcoffset() or timedelta()
        seen, change = start, None
        before = (start + offset - _SECOND).replace(tzinfo=None)
        for shown in _readings(expression, before):
            run = (shown - offset).replace(tzinfo=UTC)
            change = next(offset_changes(seen, run, zone), None)
            if change is not None:
                break
            seen = run
            yield run
        if change is None:
            return
        start = change
