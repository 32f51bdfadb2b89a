"""When a stream is due in turn: the ticks of a cron, spread over their interval by name."""

from datetime import datetime, timedelta
from functools import lru_cache

from sanderling.schedule.cron import Cron
from sanderling.schedule.phase import share_of


def next_in_turn(cron: Cron, name: str, *, after: datetime) -> datetime:
    """Return the first moment later than `after` at which `name` is due.

    Each tick of `cron` has one such moment, put off by a share of the interval that follows it,
    which `name` always gets. Lateness does not add up, and a restart changes nothing. There is
    always one: a cron that never matches is refused where it is read.
    """
    share = share_of(name, _interval_after(cron, after.replace(microsecond=0)))
    # The tick whose moment comes next may have passed already.
    return next(cron.runs_after(after - share)) + share


@lru_cache(maxsize=256)
def _interval_after(cron: Cron, second: datetime) -> timedelta:
    """Return the first interval between ticks that begins later than `second`, a whole one.

    Ticks are at whole seconds, so streams that end in the same one need it once.
    """
    ticks = cron.runs_after(second)
    tick, following = next(ticks), next(ticks)
    return following - tick
