"""Knows whether this process still looks after jobs: readiness that means it.

Times are of the clock that never jumps, so that a change of the date ails nobody.
"""

from collections.abc import Sequence
from typing import Final

from sanderling.kernel.clock import Clock

SILENT_S: Final = 10.0
"""How long timers may be silent, or rows unread, before this process counts as unwell."""

LEFT_S: Final = 60.0
"""How long a run may wait, with none of its job under way, before nobody seems to take it up."""


class Wakefulness:
    """Note that timers fire, that rows are read and that runs are taken up; one loop owns it."""

    def __init__(self, clock: Clock) -> None:
        """Count the moment of its making as the first of each."""
        self._clock = clock
        self._fired_at_s = self._read_at_s = self._now_s()
        self._left_since_s: dict[str, float] = {}

    def fired(self) -> None:
        """Note that a timer fired."""
        self._fired_at_s = self._now_s()

    def read(self, waiting: Sequence[str]) -> None:
        """Note that the rows were read, and which jobs have runs that nothing does yet."""
        now_s = self._read_at_s = self._now_s()
        since = self._left_since_s
        self._left_since_s = {name: since.get(name, now_s) for name in waiting}

    def ailments(self) -> tuple[str, ...]:
        """Return in sentences what is wrong; empty when all is well."""
        now_s = self._now_s()
        found: list[str] = []
        if (silent_s := now_s - self._fired_at_s) > SILENT_S:
            found.append(f"No timer of jobs fired for {silent_s:.0f} seconds.")
        if (unread_s := now_s - self._read_at_s) > SILENT_S:
            found.append(f"The rows of jobs were not read for {unread_s:.0f} seconds.")
        for name, since_s in sorted(self._left_since_s.items()):
            if now_s - since_s > LEFT_S:
                found.append(f"A run of {name} waits, and nothing takes it up.")
        return tuple(found)

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9
