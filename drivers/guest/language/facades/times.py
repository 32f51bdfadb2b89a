"""Times: datetime, time, calendar."""

import datetime  # noqa: ICN001 - the facade has the same name
import time
from importlib import import_module

from drivers.guest.language.facade import Facade
from drivers.guest.language.facades.picking import facade_of
from drivers.guest.language.tables import allow

_DATE = (
    "ctime day fromisocalendar fromisoformat fromordinal fromtimestamp isocalendar isoformat "
    "isoweekday max min month replace resolution strftime strptime timetuple today toordinal "
    "weekday year"
)
_TIME = (
    "dst fold fromisoformat hour isoformat max microsecond min minute replace resolution second "
    "strftime strptime tzinfo tzname utcoffset"
)
_TIME_FUNCTIONS = (
    "altzone asctime ctime daylight gmtime localtime mktime monotonic monotonic_ns perf_counter "
    "perf_counter_ns process_time process_time_ns sleep strftime strptime struct_time time time_ns "
    "timezone tzname"
)
ZONE = "dst fromutc tzname utcoffset"


def _datetime() -> Facade:
    import_module("_strptime")  # C code imports it at the first strptime.

    allow(datetime.date, _DATE)
    allow(datetime.time, _TIME)
    allow(
        datetime.datetime,
        f"{_DATE} {_TIME} astimezone combine date now time timestamp timetz utcfromtimestamp "
        "utcnow utctimetuple",
    )
    allow(datetime.timedelta, "days max microseconds min resolution seconds total_seconds")
    allow(datetime.timezone, f"{ZONE} max min utc")
    allow(type(datetime.date.min.isocalendar()), "week weekday year", known=False)
    return facade_of(datetime, "MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo")


def _time() -> Facade:
    allow(
        time.struct_time,
        "count index tm_gmtoff tm_hour tm_isdst tm_mday tm_min tm_mon tm_sec tm_wday tm_yday "
        "tm_year tm_zone",
    )
    return facade_of(time, _TIME_FUNCTIONS)


def _calendar() -> Facade:
    import calendar  # noqa: PLC0415 - loaded only where its facade is wanted

    # The module's own lists are objects that ask the locale; these are English, as the guest is.
    names = {name: tuple(getattr(calendar, name)) for name in _CALENDAR_LISTS.split()}
    days = {name: int(getattr(calendar, name)) for name in _WEEKDAYS.split()}
    months = {name.upper(): number for number, name in enumerate(calendar.month_name) if name}

    # Since Python 3.12 these two answer with an enumeration, which leads to its module.
    def monthrange(year: int, month: int) -> tuple[int, int]:
        first, count = calendar.monthrange(year, month)
        return int(first), count

    def weekday(year: int, month: int, day: int) -> int:
        return int(calendar.weekday(year, month, day))

    def monthcalendar(year: int, month: int) -> list[list[int]]:
        first, count = monthrange(year, month)
        days = [0] * first + list(range(1, count + 1))
        days += [0] * (-len(days) % _WEEK)
        return [days[start : start + _WEEK] for start in range(0, len(days), _WEEK)]

    functions = {"monthcalendar": monthcalendar, "monthrange": monthrange, "weekday": weekday}
    return facade_of(calendar, "isleap leapdays timegm", **names, **days, **months, **functions)


_WEEK = 7
_CALENDAR_LISTS = "day_abbr day_name month_abbr month_name"
_WEEKDAYS = "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY"

BUILDERS = {"calendar": _calendar, "datetime": _datetime, "time": _time}
