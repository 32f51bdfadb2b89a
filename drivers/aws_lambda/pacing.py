"""A bucket of tokens that threads wait at."""

import threading
import time
from collections.abc import Callable


class Pace:
    """Let at most so many through in a second, evenly, after a burst of as many."""

    def __init__(
        self,
        per_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Begin with a full bucket; `pause` waits, in the thread that has to."""
        self._per_s = per_s
        self._now_s = now_s
        self._pause = pause
        self._lock = threading.Lock()
        self._free_at_s = now_s() - 1

    def wait(self) -> None:
        """Return when it is this caller's turn; turns are given out in the order of asking."""
        with self._lock:
            now_s = self._now_s()
            turn_s = max(self._free_at_s, now_s - 1) + 1 / self._per_s
            self._free_at_s = turn_s
        if turn_s > now_s:
            self._pause(turn_s - now_s)
