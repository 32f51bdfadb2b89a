"""What happens to a run that comes while the one before it has not ended."""

from datetime import datetime
from enum import StrEnum


class Overlap(StrEnum):
    """Whether runs of one schedule may be under way at the same time."""

    SKIP = "skip"
    """The later one is left out, and counted."""
    QUEUE = "queue"
    """The later one waits for the earlier one."""
    ALLOW = "allow"
    """Both run."""


def kept_runs(
    overlap: Overlap, runs: tuple[datetime, ...], *, is_busy: bool
) -> tuple[datetime, ...]:
    """Return those of `runs`, which come at once, that are not left out.

    `is_busy` says that an earlier run is not over.
    """
    if overlap is not Overlap.SKIP:
        return runs
    # Of several that come at once the latest stands for all.
    return () if is_busy else runs[-1:]
