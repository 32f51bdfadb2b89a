"""One request to one worker and what came back, as values."""

import asyncio
import struct
from dataclasses import dataclass
from enum import Enum

from drivers.guest.channel import LOG
from drivers.local.frames import ProtocolViolated

_DROPPED = struct.Struct(">Q")


class Ending(Enum):
    """Why an exchange is over; `UNSENT` means that the worker ended before it had the request."""

    ANSWERED = "answered"
    WALL = "wall"
    CPU = "cpu"
    VIOLATED = "violated"
    GONE = "gone"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Terms:
    """What one request may take, as the host enforces it."""

    wall_s: float
    cpu_s: float
    log_bytes: int


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended, as wait4 told the zygote."""

    status: int
    peak_bytes: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request brought.

    `kind` and `body` are the answering frame, where `ending` is answered. `violation` says what
    was wrong with the frames. `idle_bytes` was resident before the request. `death` is
    there when the process is known to be gone.
    """

    ending: Ending
    kind: int = 0
    body: bytes = b""
    log: bytes = b""
    dropped_bytes: int = 0
    cpu_s: float | None = None
    memory_bytes: int | None = None
    idle_bytes: int = 0
    wall_s: float = 0.0
    violation: str = ""
    death: Death | None = None


class Exchange:
    """Collects the frames of one request; owned by one worker on one loop."""

    __slots__ = (
        "_log",
        "_log_size",
        "body",
        "dropped_bytes",
        "ending",
        "has_surplus",
        "kind",
        "over",
        "terms",
        "violation",
    )

    def __init__(self, over: asyncio.Future[None], terms: Terms) -> None:
        """Resolve `over` once the exchange is over, whatever way."""
        self.over = over
        self.terms = terms
        self.ending: Ending | None = None
        self.kind = 0
        self.body = b""
        self.violation = ""
        self.has_surplus = False
        self.dropped_bytes = 0
        self._log: list[bytes] = []
        self._log_size = 0

    @property
    def log(self) -> bytes:
        """Everything that was logged so far."""
        return b"".join(self._log)

    def take(self, kind: int, body: bytes) -> None:
        """Take one frame; what comes after the answer is surplus and otherwise ignored.

        Raises:
            ProtocolViolated: it is a log frame beyond the limit, or without its head.

        """
        if self.ending is not None:
            self.has_surplus = True
        elif kind == LOG:
            self._take_log(body)
        else:
            self.kind, self.body = kind, body
            self.end(Ending.ANSWERED)

    def take_late(self, kind: int, body: bytes) -> None:
        """Take a frame of a call whose time is up: only its log counts.

        Raises:
            ProtocolViolated: as `take` does.

        """
        if kind == LOG:
            self._take_log(body)

    def _take_log(self, body: bytes) -> None:
        if len(body) < _DROPPED.size:
            raise ProtocolViolated(reason="a log frame without its head")
        (self.dropped_bytes,) = _DROPPED.unpack_from(body)
        self._log_size += len(body) - _DROPPED.size
        if self._log_size > self.terms.log_bytes:
            raise ProtocolViolated(reason="more was logged than is allowed")
        self._log.append(body[_DROPPED.size :])

    def end(self, ending: Ending, *, violation: str = "") -> None:
        """Be over; the first ending stands."""
        if self.ending is None:
            self.ending = ending
            self.violation = violation
            if not self.over.done():
                self.over.set_result(None)
