"""Workers that were let go, until their zygote has heard of it and can reap them."""

import asyncio
from collections.abc import Callable

# Long enough that under load every message is one that asks for workers.
_PAUSE_S = 0.1


class Departed:
    """Collect serials for the next message to a zygote, or send one when none goes anyway."""

    def __init__(self, send: Callable[[], None]) -> None:
        """Take what sends a message with `next_serials` in it; it assumes one event loop."""
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._serials: list[int] = []
        self._last_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, serial: int) -> None:
        """Note a worker that was killed and that nobody asks about any more."""
        self._serials.append(serial)
        self._last_s = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(_PAUSE_S, self._tidy)

    def next_serials(self, most: int) -> list[int]:
        """Return those that were not told yet, at most so many."""
        return self._serials[:most]

    def note_told(self, count: int) -> None:
        """Forget the first `count`."""
        del self._serials[:count]

    def _tidy(self) -> None:
        self._timer = None
        # Who was told of a moment ago may have lived still; the zygote looks with each message.
        is_quiet = self._loop.time() - self._last_s >= _PAUSE_S / 2
        self._send()
        if self._serials or not is_quiet:
            self._timer = self._loop.call_later(_PAUSE_S, self._tidy)

    def close(self) -> None:
        """Send nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
