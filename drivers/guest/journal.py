"""Carries what a call prints to the host while the call runs, so that a killed one keeps its log.

Each of the first lines goes out at once; after `_PROMPT_LINES` of them, text is gathered into
pieces, so that a flood costs few writes. What is gathered when a call is killed is lost.
"""

import struct
from time import monotonic

from drivers.guest.channel import LOG, Channel, frame
from drivers.guest.language.sink import Sink

_PROMPT_LINES = 64
_GATHER_CHARACTERS = 4096
_GATHER_S = 0.02

_DROPPED = struct.Struct(">Q")

# Found once: a fresh worker copies each page with something that it looks at.
_start = Sink.__init__
_keep = Sink.write


class Journal(Sink):
    """A sink that hands its text on as log frames."""

    __slots__ = ("_channel", "_gathered", "_is_closed", "_lines", "_told_dropped", "_written_at")

    def __init__(self, limit_bytes: int, channel: Channel) -> None:
        """Keep at most `limit_bytes` bytes, and write them to `channel`."""
        _start(self, limit_bytes)
        self._channel = channel
        self._is_closed = False
        self._lines = 0
        self._gathered = 0
        self._told_dropped = 0
        self._written_at = 0.0

    def write(self, text: str) -> None:
        """Take `text`, and hand on what waits if it is time; after `close` nothing is taken."""
        if self._is_closed:
            return
        _keep(self, text)
        self._lines += 1
        self._gathered += len(text)
        if self._is_due():
            self.hand_on()

    def close(self) -> None:
        """Take nothing more: a later call must not be told what this one's leftovers print."""
        self._is_closed = True

    def _is_due(self) -> bool:
        if self.dropped_bytes and self._told_dropped:
            # The log is full: only the count changes, and it is told now and then.
            return monotonic() - self._written_at > _GATHER_S
        if self._lines <= _PROMPT_LINES or self._gathered >= _GATHER_CHARACTERS:
            return True
        return self.dropped_bytes > 0 or monotonic() - self._written_at > _GATHER_S

    def hand_on(self) -> None:
        """Write what waits, with the count of bytes that did not fit."""
        text = self.text()
        if not text and self.dropped_bytes == self._told_dropped:
            return
        self.clear()
        self._gathered = 0
        self._told_dropped = self.dropped_bytes
        self._written_at = monotonic()
        self._channel.write(frame(LOG, _DROPPED.pack(self.dropped_bytes) + text.encode()))
