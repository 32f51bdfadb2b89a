"""What happens to a run that comes while the one before it has not ended."""

from enum import StrEnum


class Overlap(StrEnum):
    """Whether runs of one schedule may be under way at the same time."""

    SKIP = "skip"
    """The later one is left out, and counted."""
    QUEUE = "queue"
    """The later one waits for the earlier one."""
    ALLOW = "allow"
    """Both run."""
