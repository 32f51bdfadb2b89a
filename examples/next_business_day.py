"""Say when something is due in business days, in the customer's own time zone.

event:  {"from", "time_zone", "business_days", "opens", "cutoff", "holidays"}
result: {"due_local", "due_utc", "utc_offset_hours", "counted", "skipped"}

A request after the cut-off counts from the next business day. Holidays are fixed dates
("12-25"), days relative to Easter Sunday (-2 is Good Friday), and single dates.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def easter_sunday(year):
    # The anonymous Gregorian computus: no table, right for every year since 1583.
    century, in_century = divmod(year, 100)
    golden = year % 19
    moon = (19 * golden + century - century // 4
            - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - moon - in_century % 4) % 7
    shift = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def holidays_of(year, calendar):
    days = {}
    for month_day, name in calendar.get("fixed", {}).items():
        days[date.fromisoformat(f"{year}-{month_day}")] = name
    for offset, name in calendar.get("easter", {}).items():
        days[easter_sunday(year) + timedelta(days=int(offset))] = name
    for single, name in calendar.get("dates", {}).items():
        days[date.fromisoformat(single)] = name
    return days


class Calendar:
    """Knows why a day is no business day, and looks up each year's holidays only once."""

    def __init__(self, holidays):
        self.holidays = holidays
        self.years = {}

    def closed_because(self, day):
        if day.year not in self.years:
            self.years[day.year] = holidays_of(day.year, self.holidays)
        if day in self.years[day.year]:
            return self.years[day.year][day]
        if day.weekday() >= 5:
            return day.strftime("%A")
        return None


def handler(event, context):
    zone = ZoneInfo(event["time_zone"])
    opens = time.fromisoformat(event["opens"])
    cutoff = time.fromisoformat(event["cutoff"])
    calendar = Calendar(event["holidays"])

    # All counting happens on local dates; only the two ends are moments in time.
    start = datetime.fromisoformat(event["from"]).astimezone(zone)
    day = start.date()
    left = event["business_days"]
    if calendar.closed_because(day) is None and start.time() > cutoff:
        left += 1

    counted, skipped = [], []
    while left > 0:
        day += timedelta(days=1)
        reason = calendar.closed_because(day)
        if reason:
            skipped.append({"date": day.isoformat(), "why": reason})
        else:
            counted.append(day.isoformat())
            left -= 1

    # 09:00 is 09:00 on the wall before and after a clock change; the UTC offset differs.
    due = datetime.combine(day, opens, tzinfo=zone)
    return {
        "asked_local": start.isoformat(),
        "due_local": due.isoformat(),
        "due_utc": due.astimezone(ZoneInfo("UTC")).isoformat(),
        "utc_offset_hours": due.utcoffset().total_seconds() / 3600,
        "counted": counted,
        "skipped": skipped,
    }
