"""Where the clocks on the wall of a time zone jump, and what they show.

A clock that is put forward leaves out readings, one that is put back shows some twice. Moments
are aware and in UTC, readings are naive; both have whole seconds, as time zones have.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

_SECOND = timedelta(seconds=1)
_STRIDE = timedelta(days=1)
"""No zone changes its offset twice within a day, in the years for which there are rules."""


def reading(moment: datetime, zone: tzinfo) -> datetime:
    """Return what clocks in `zone` show at `moment`."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def moment_of(shown: datetime, zone: tzinfo) -> datetime:
    """Return when clocks in `zone` show the reading for the first time.

    A reading that is left out has the moment at which the clocks jump over it.
    """
    first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if reading(first, zone) == shown:
        return first
    # The readings before and after the jump count from different offsets, so the two moments that
    # the left-out reading would have lie on either side of it.
    before = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _jump(min(before, first), max(before, first), zone)


def offset_changes(after: datetime, until: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Yield each first moment of another offset from UTC, later than `after`, up to `until`."""
    begin = after
    while begin < until:
        end = min(begin + _STRIDE, until)
        if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            yield _jump(begin, end, zone)
        begin = end


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first moment that has the offset of `after`; `before` has another one."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // (2 * _SECOND))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
