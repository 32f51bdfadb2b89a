"""What to do about runs that were missed while nobody was there to start them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sanderling.schedule.cron import Cron
from sanderling.schedule.errors import CatchUpRefused

LARGEST_CATCH_UP = 1000
_MOST_COUNTED = 1000
_INSTANT = timedelta(microseconds=1)
_FIRST_LOOK = timedelta(minutes=1)
_EVERY = 2**31


class CatchUp(StrEnum):
    """Which missed runs are made up for."""

    SKIP = "skip"
    """None of them; the next one comes when it is due."""
    ONE = "one"
    """The latest, which stands for all of them."""
    ALL = "all"
    """Each of them, in order, up to a number of the latest."""


@dataclass(frozen=True, slots=True)
class CatchUpRule:
    """A choice with its numbers: `most` bounds `ALL`, `grace` is how late a run is still on time.

    The grace covers the usual lateness of a busy service, which no rule should take for a gap.
    """

    choice: CatchUp = CatchUp.ONE
    most: int = 10
    grace: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        """Refuse what cannot be promised.

        Raises:
            CatchUpRefused: `most` is not 1 to `LARGEST_CATCH_UP`.

        """
        if not 0 < self.most <= LARGEST_CATCH_UP:
            raise CatchUpRefused(most=self.most, largest=LARGEST_CATCH_UP)


@dataclass(frozen=True, slots=True)
class Due:
    """Which runs to start now, in order, and how many are left out for good.

    `missed` is counted up to a thousand. `seen_until` is the moment from which to look next.
    """

    runs: tuple[datetime, ...]
    missed: int
    seen_until: datetime


def due_runs(cron: Cron, rule: CatchUpRule, *, seen_until: datetime, now: datetime) -> Due:
    """Return what became due later than `seen_until` and not later than `now`.

    Asking with the `seen_until` of the last answer never gives a run twice. A clock that went
    back gives nothing until it is where it was.
    """
    if now <= seen_until:
        return Due((), 0, seen_until)
    # The earliest moment within the grace is still on time.
    too_late = max(seen_until, now - rule.grace - _INSTANT)
    prompt = cron.runs_within(too_late, now, most=_MOST_COUNTED)
    missed = len(cron.runs_within(seen_until, too_late, most=_MOST_COUNTED))
    room = _room(rule, len(prompt))
    made_up_for = latest_runs(cron, seen_until, too_late, most=room) if missed else []
    return Due((*made_up_for, *prompt), missed - len(made_up_for), now)


def latest_runs(cron: Cron, after: datetime, until: datetime, *, most: int) -> list[datetime]:
    """Return the last runs, at most `most`, that are later than `after` and not than `until`."""
    if most <= 0:
        return []
    stretch = _FIRST_LOOK
    while True:
        begin = max(after, until - stretch)
        runs = list(cron.runs_within(begin, until, most=_EVERY))
        if len(runs) >= most or begin == after:
            return runs[-most:]
        stretch *= 2


def _room(rule: CatchUpRule, prompt: int) -> int:
    match rule.choice:
        case CatchUp.SKIP:
            return 0
        case CatchUp.ONE:
            # A run that is on time stands for those before it.
            return 0 if prompt else 1
        case CatchUp.ALL:
            return max(0, rule.most - prompt)
