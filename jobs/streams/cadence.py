"""When a stream is due in turn: the ticks of a cron, spread over their interval by name."""

from datetime import datetime, timedelta
from typing import Final

from sanderling.schedule.cron import Cron
from sanderling.schedule.phase import share_of

_NEVER: Final = timedelta(days=3650)


def next_in_turn(cron: Cron, name: str, *, after: datetime) -> datetime:
    """Return the first moment later than `after` at which `name` is due.

    Each tick of `cron` has one such moment, put off by a share of the interval that follows it,
    which `name` always gets. Lateness does not add up, and a restart changes nothing.
    """
    tick = cron.after(after)
    following = cron.after(tick) if tick is not None else None
    if tick is None or following is None:
        return tick or after + _NEVER
    share = share_of(name, following - tick)
    # The tick whose moment comes next may have passed already.
    earlier = cron.after(after - share)
    return (earlier or tick) + share
