"""Checks a cron expression before any scheduler sees it.

Five fields: minute, hour, day of the month, month, day of the week; a sixth in front of them is
the second. Each is a list of `*`, a number or a range, with a step if wanted. Names of months and
days are left out: schedulers disagree on which day is number 0, so whoever needs a day writes what
holds everywhere.
"""

import re

_SECOND = ("second", 0, 59)
_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def check_cron(text: str) -> str:
    """Return the expression with single spaces.

    Raises:
        ValueError: it could never be taken by a scheduler; the message tells which field.

    """
    fields = text.split()
    known = _FIELDS if len(fields) == len(_FIELDS) else (_SECOND, *_FIELDS)
    if len(fields) != len(known):
        raise ValueError("write the five fields of a cron expression, such as */5 * * * *")
    for field, (name, lowest, highest) in zip(fields, known, strict=True):
        if not all(_is_sound(part, lowest, highest) for part in field.split(",")):
            raise ValueError(f"the {name} is *, a number or a range from {lowest} to {highest}")
    if not _has_a_date(*fields[-3:]):
        raise ValueError("no month that it names has a day that it names")
    return " ".join(fields)


def _has_a_date(days: str, months: str, weekdays: str) -> bool:
    """Claim that some year has a date for it; a weekday that is named makes one by itself."""
    if not weekdays.startswith("*"):
        return True
    earliest = min(_first(part) for part in days.split(","))
    return any(
        earliest <= longest
        for month, longest in enumerate(_LONGEST_MONTHS, start=1)
        if any(_takes(part, month) for part in months.split(","))
    )


def _first(part: str) -> int:
    return 1 if part.startswith("*") else int(part.partition("-")[0].partition("/")[0])


def _takes(part: str, month: int) -> bool:
    matched = _PART.fullmatch(part)
    if matched is None:
        return False
    first = int(matched[1] or 1)
    last = int(matched[2] or matched[1] or len(_LONGEST_MONTHS))
    return first <= month <= last and (month - first) % int(matched[3] or 1) == 0


def _is_sound(part: str, lowest: int, highest: int) -> bool:
    matched = _PART.fullmatch(part)
    if matched is None:
        return False
    first = int(matched[1] or lowest)
    last = int(matched[2] or matched[1] or highest)
    # A step after a single number is read differently from scheduler to scheduler.
    is_stepped_alone = matched[3] is not None and matched[1] is not None and matched[2] is None
    step = int(matched[3] or 1)
    return lowest <= first <= last <= highest and step > 0 and not is_stepped_alone
