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
    return " ".join(fields)


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
