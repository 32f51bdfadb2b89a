"""Frames between a worker and its host: u32 big-endian length, u8 kind, body.

The length counts the kind and the body.
"""

from __future__ import annotations

import os
import struct
from time import perf_counter_ns

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable

_HEADER = struct.Struct(">IB")
_HEADER_BYTES = _HEADER.size
CHUNK = 65536
"""Below the size from which the C library maps and unmaps memory for every buffer."""
SPIN_NS = 50_000
"""The longest that host or worker look out for one another without sleeping: about what a wake-up
can cost."""

BIND = ord("B")
CALL = ord("X")
CALL_SPINNING = ord("Y")
"""Like a call, from a host that expects to send the next one right after the answer."""
COMPILE = ord("S")

NONCE_BYTES = 16
"""A call's frame starts with its nonce, in ASCII."""

LIMIT_HEAD = struct.Struct(">QI")
"""How the bodies of bind and compile frames begin: memory_bytes, cpu_s."""

BIND_HEAD = struct.Struct(">QIIIB")
"""memory_bytes, cpu_s, log_bytes, result_bytes, whether it is reused; the bytecode follows."""

COMPILE_HEAD = struct.Struct(">QIIII16s")
"""memory_bytes, cpu_s, source_bytes, ast_nodes, ast_depth, nonce; the source follows in UTF-8."""

HELLO = ord("H")
LOG = ord("L")
RESULT = ord("R")
ERROR = ord("E")
CODE = ord("C")

MOST_LOG_FRAMES = 8192
"""How many pieces a log may come in: our own guest writes one for each of the first lines, then one
for each 4 KiB or 20 ms, and so at most 3400 under the highest limits."""

NO_MEMORY_STATUS = 3
"""How a worker ends that has not even the memory to read its request or to say so."""


def frame(kind: int, body: bytes) -> bytes:
    """Return the frame of `body`."""
    return _HEADER.pack(len(body) + 1, kind) + body


class Channel:
    """Read and write frames over one blocking descriptor."""

    __slots__ = ("_fd", "_look", "unread")

    def __init__(self, fd: int, look: Callable[[], bytes] | None = None) -> None:
        """Use `fd`, which belongs to whoever opened it.

        `look` reads what is there of it, or raises BlockingIOError where nothing is. `unread` is
        what came and was not given out yet.
        """
        self._fd = fd
        self._look = look
        self.unread = b""

    def read(self, *, is_spinning: bool = False) -> tuple[int, bytes] | None:
        """Return kind and body of the next frame; None at the end.

        Spinning, it looks out for the frame for a moment before it sleeps until there is one.
        """
        data = self.unread
        if not data and is_spinning:
            data = self._spin()
        data = data or os.read(self._fd, CHUNK)
        while len(data) < _HEADER_BYTES:
            more = os.read(self._fd, CHUNK)
            if not more:
                return None
            data += more
        length, kind = _HEADER.unpack_from(data)
        end = length + 4
        if len(data) < end:
            data = self._read_until(data, end)
        self.unread = data[end:]
        return (kind, data[_HEADER_BYTES:end]) if len(data) >= end else None

    def _spin(self) -> bytes:
        """Return what comes in the next moment, or nothing."""
        look = self._look
        if look is None:
            return b""
        ends_ns = perf_counter_ns() + SPIN_NS
        while perf_counter_ns() < ends_ns:
            try:
                return look()
            except BlockingIOError:
                continue
        return b""

    def _read_until(self, data: bytes, end: int) -> bytes:
        parts = [data]
        have = len(data)
        while have < end:
            part = os.read(self._fd, min(end - have, 1 << 20))
            if not part:
                return b""
            parts.append(part)
            have += len(part)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        """Write whole frames."""
        written = os.write(self._fd, data)
        while written < len(data):
            written += os.write(self._fd, data[written : written + CHUNK])


class SilentChannel(Channel):
    """Give out the frames in `unread`, and swallow what is written; used to rehearse."""

    __slots__ = ("last",)

    def __init__(self, frames: bytes = b"") -> None:
        """Use no descriptor."""
        Channel.__init__(self, -1)
        self.unread = frames
        self.last = b""

    def read(self, *, is_spinning: bool = False) -> tuple[int, bytes] | None:
        """Return the next frame; None after the last."""
        return Channel.read(self, is_spinning=is_spinning) if self.unread else None

    def write(self, data: bytes) -> None:
        """Remember `data` as the last that was written."""
        self.last = data

    def last_kind(self) -> int:
        """Return the kind of the last frame."""
        return self.last[4]
