"""Every jump of every zone's clocks from 2020 to 2030, and cron worked out minute by minute."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

MINUTE = timedelta(minutes=1)
_BEGIN, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@dataclass(frozen=True, slots=True)
class Edge:
    """One jump: `zone` is one of those that have it."""

    at: datetime
    before: timedelta
    after: timedelta
    zone: str


@lru_cache(maxsize=1)
def edges() -> tuple[Edge, ...]:
    """Return all jumps, each kind of jump at each moment once."""
    found: dict[tuple[datetime, timedelta, timedelta], Edge] = {}
    for name in sorted(zone for zone in available_timezones() if zone[:1].isupper()):
        for edge in _edges_of(name):
            found.setdefault((edge.at, edge.before, edge.after), edge)
    return tuple(found.values())


def _edges_of(name: str) -> Iterator[Edge]:
    zone = ZoneInfo(name)
    day, before = _BEGIN, _offset(_BEGIN, zone)
    while day < _END:
        following = day + timedelta(days=1)
        after = _offset(following, zone)
        if after != before:
            at = next(
                day + minute * MINUTE
                for minute in range(1, 24 * 60 + 1)
                if _offset(day + minute * MINUTE, zone) != before
            )
            yield Edge(at, before, after, name)
        day, before = following, after


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def brute_runs(expression: str, zone: str, after: datetime, until: datetime) -> list[datetime]:
    """Return the runs of five fields without names, by looking at the clock each minute."""
    fields = expression.split()
    follows = fields[0].startswith("*") or fields[1].startswith("*")
    allowed = [_numbers(field, *bounds) for field, bounds in zip(fields, _RANGES, strict=True)]
    is_and = fields[2].startswith("*") or fields[4].startswith("*")
    runs = list[datetime]()
    # Earlier by more than any jump, so that readings that come twice were seen the first time.
    moment = after - timedelta(hours=3)
    seen = {_shown(moment, zone)}
    while moment < until:
        last, moment = _shown(moment, zone), moment + MINUTE
        shown = _shown(moment, zone)
        readings = [shown]
        if not follows:
            readings = [] if shown in seen else [shown]
            left_out = last + MINUTE
            while left_out < shown:
                readings.append(left_out)
                left_out += MINUTE
        seen.add(shown)
        if moment > after and any(_matches(item, allowed, is_and=is_and) for item in readings):
            runs.append(moment)
    return runs


def _shown(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _numbers(field: str, lowest: int, highest: int) -> set[int]:
    numbers = set[int]()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{lowest}-{highest}" if span == "*" else span).partition("-")
        numbers.update(range(int(first), int(last or first) + 1, int(step or 1)))
    return numbers


def _matches(shown: datetime, allowed: list[set[int]], *, is_and: bool) -> bool:
    minutes, hours, days, months, weekdays = allowed
    is_day, is_weekday = shown.day in days, shown.isoweekday() % 7 in weekdays
    is_date = is_day and is_weekday if is_and else is_day or is_weekday
    return shown.minute in minutes and shown.hour in hours and shown.month in months and is_date
