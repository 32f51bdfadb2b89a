"""When a series takes place: the part of RFC 5545 that calendars of people use.

FREQ of DAILY, WEEKLY with BYDAY, MONTHLY on the day of the first and YEARLY, with INTERVAL, COUNT,
UNTIL and EXDATE. Steps are taken on the wall clock of the series' zone, so a meeting at nine stays
at nine across the change to summer time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sanderling.simulator.core.meeting import Meeting, When

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST_STEPS = 5_000


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which a series takes place."""

    start: When
    end: When
    original_start: When
    exception: Meeting | None = None
    """The meeting that stands in its place, where it was changed or cancelled."""


def rule_of(recurrence: tuple[str, ...]) -> dict[str, str]:
    """Return the parts of the RRULE line, or nothing."""
    line = next((line for line in recurrence if line.startswith("RRULE:")), "RRULE:")
    return dict(part.split("=", 1) for part in line.removeprefix("RRULE:").split(";") if part)


def occurrences(
    master: Meeting, exceptions: tuple[Meeting, ...], *, after: datetime, before: datetime
) -> list[Occurrence]:
    """Return every occurrence that touches the window, exceptions in their places."""
    replaced = {found.original_start: found for found in exceptions}
    length = master.plan.end.utc() - master.plan.start.utc()
    found: list[Occurrence] = []
    for start in _starts(master.plan.start, master.plan.recurrence, until=before):
        exception = replaced.get(start)
        end = _end(master, start, length)
        occurrence = Occurrence(start, end, start, exception)
        if exception is not None:
            occurrence = replace(occurrence, start=exception.plan.start, end=exception.plan.end)
        if occurrence.end.utc() > after and occurrence.start.utc() < before:
            found.append(occurrence)
    return found


def _end(master: Meeting, start: When, length: timedelta) -> When:
    if start.day is not None:
        return When(day=start.day + length, zone=start.zone)
    return When(at=start.utc() + length, zone=master.plan.end.zone)


def _starts(first: When, recurrence: tuple[str, ...], *, until: datetime) -> Iterator[When]:
    rule = rule_of(recurrence)
    excluded = _excluded(recurrence)
    limit = min(until, _read(rule["UNTIL"])) if "UNTIL" in rule else until
    count = int(rule.get("COUNT", _MOST_STEPS))
    for taken, start in enumerate(_steps(first, rule)):
        if taken >= min(count, _MOST_STEPS) or start.utc() > limit:
            return
        if start.utc() not in excluded:
            yield start


def _steps(first: When, rule: dict[str, str]) -> Iterator[When]:
    interval = int(rule.get("INTERVAL", "1"))
    match rule.get("FREQ"):
        case "DAILY":
            for step in range(_MOST_STEPS):
                yield first.moved(timedelta(days=step * interval))
        case "WEEKLY":
            yield from _weekly(first, rule, interval)
        case "MONTHLY":
            yield from _monthly(first, interval)
        case "YEARLY":
            yield from _monthly(first, 12 * interval)
        case _:
            yield first


def _weekly(first: When, rule: dict[str, str], interval: int) -> Iterator[When]:
    own = first.local().weekday()
    named = rule.get("BYDAY", _WEEKDAYS[own]).split(",")
    days = sorted(_WEEKDAYS.index(name) for name in named)
    for week in range(_MOST_STEPS):
        for day in days:
            offset = week * 7 * interval + day - own
            if offset >= 0:
                yield first.moved(timedelta(days=offset))


def _monthly(first: When, months: int) -> Iterator[When]:
    origin = first.local().date()
    for step in range(_MOST_STEPS):
        month = origin.month - 1 + step * months
        try:
            day = date(origin.year + month // 12, month % 12 + 1, origin.day)
        except ValueError:
            # A month without that day is passed over, as the standard says.
            continue
        yield first.moved(day - origin)


def _excluded(recurrence: tuple[str, ...]) -> set[datetime]:
    lines = (line for line in recurrence if line.startswith("EXDATE"))
    return {_read(text) for line in lines for text in line.rpartition(":")[2].split(",")}


def _read(text: str) -> datetime:
    form = "%Y%m%dT%H%M%SZ" if "T" in text else "%Y%m%d"
    return datetime.strptime(
        text if text.endswith("Z") or "T" not in text else f"{text}Z", form
    ).replace(tzinfo=UTC)
