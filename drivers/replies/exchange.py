"""One request to one worker and what comes back."""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from drivers.guest.channel import LOG, MOST_LOG_FRAMES, NO_MEMORY_STATUS
from drivers.replies.frames import ProtocolViolated

_DROPPED = struct.Struct(">Q")


class Ending(Enum):
    """Why an exchange is over; `UNSENT` means that the worker ended before it had the request."""

    ANSWERED = "answered"
    WALL = "wall"
    CPU = "cpu"
    VIOLATED = "violated"
    GONE = "gone"
    UNSENT = "unsent"


# By names of their own, because Python 3.11 takes as long to find a member as to make a call.
ANSWERED, UNSENT = Ending.ANSWERED, Ending.UNSENT


@dataclass(frozen=True, slots=True)
class Terms:
    """What one request may take, as the host enforces it."""

    wall_s: float
    cpu_s: float
    log_bytes: int
    tell_log: Callable[[bytes], None] | None = None
    """Hears each piece of the log as it comes."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended, as wait4 told the zygote."""

    status: int
    peak_bytes: int
    cpu_s: float

    @property
    def lacked_memory(self) -> bool:
        """Claim that the worker's own limit left it without memory to read or to answer."""
        return os.WIFEXITED(self.status) and os.WEXITSTATUS(self.status) == NO_MEMORY_STATUS


@dataclass(slots=True)
class Reply:
    """What a request brought; one worker on one loop fills it until `ending` is there.

    It was sent at `began_s` and over at `ended_s`, on the monotonic clock. `kind` and `body` are
    the answering frame, where `ending` is answered. `violation` says what was wrong with the
    frames, `has_surplus` that more came after the answer. `idle_bytes` was resident before the
    request. `death` is there when the process is known to be gone.
    """

    ending: Ending | None = None
    tell_log: Callable[[bytes], None] | None = None
    began_s: float = 0.0
    ended_s: float = 0.0
    kind: int = 0
    body: bytes = b""
    log_parts: list[bytes] = field(default_factory=list[bytes])
    log_size: int = 0
    log_frames: int = 0
    dropped_bytes: int = 0
    has_surplus: bool = False
    violation: str = ""
    cpu_s: float | None = None
    memory_bytes: int | None = None
    idle_bytes: int = 0
    wall_s: float = 0.0
    death: Death | None = None

    @property
    def log(self) -> str:
        """Everything that was logged; what is not UTF-8 is replaced."""
        return b"".join(self.log_parts).decode("utf-8", "replace") if self.log_parts else ""

    def take(self, kind: int, body: bytes, *, log_bytes: int) -> None:
        """Take one frame; what comes after the answer is surplus and otherwise ignored.

        Raises:
            ProtocolViolated: it is a log frame that `take_log` refuses.

        """
        if self.ending is not None:
            self.has_surplus = True
        elif kind == LOG:
            self.take_log(body, log_bytes=log_bytes)
        else:
            self.kind, self.body = kind, body
            self.ending = ANSWERED

    def take_log(self, body: bytes, *, log_bytes: int) -> None:
        """Take the body of a log frame.

        Raises:
            ProtocolViolated: it goes beyond the limit, lacks its head, or is one of too many.

        """
        self.log_frames += 1
        if self.log_frames > MOST_LOG_FRAMES:
            # Each costs the host more than the worker, and empty ones never reach the limit.
            raise ProtocolViolated(reason="its log in more pieces than are allowed")
        if len(body) < _DROPPED.size:
            raise ProtocolViolated(reason="a log frame without its head")
        (self.dropped_bytes,) = _DROPPED.unpack_from(body)
        self.log_size += len(body) - _DROPPED.size
        if self.log_size > log_bytes:
            raise ProtocolViolated(reason="more log than is allowed")
        self.log_parts.append(body[_DROPPED.size :])
        if self.tell_log is not None:
            self.tell_log(body[_DROPPED.size :])
