"""Spreads what recurs over its interval, the same way in every process.

Without it everything that was set up at once, or starts at a full minute, comes at once. The
spread is drawn from a name and not from a random source, so that replicas agree and a restart
changes nothing.
"""

import hashlib
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def share_of(name: str, whole: timedelta) -> timedelta:
    """Return a part of `whole`, at least nothing and less than all, that `name` always gets."""
    drawn = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    return (drawn * (whole // _MICROSECOND) >> 64) * _MICROSECOND


def next_in_phase(name: str, interval: timedelta, *, after: datetime) -> datetime:
    """Return the first moment later than `after` at which `name` is due, once per `interval`.

    The moments lie on a grid that starts at a share of the interval, so no lateness adds up.
    """
    start = _EPOCH + share_of(name, interval)
    return start + ((after - start) // interval + 1) * interval


def jittered(name: str, run: datetime, most: timedelta) -> datetime:
    """Return `run` put off by less than `most`; the same run of the same name always alike."""
    return run + share_of(f"{name} {run.isoformat()}", most)
