"""Takes frames from a worker apart, believing nothing.

Purpose: turn bytes from a possibly hostile process into whole frames. Guarantees: no more than
the allowed length of the announced kind is ever kept, and an unknown kind or an impossible length
is found in the header, before anything of the body is. Bodies are not looked at here.
"""

import struct
from collections.abc import Callable
from typing import ClassVar

from drivers.guest.channel import CODE, ERROR, HELLO, LOG, RESULT
from sanderling.kernel.errors import Refusal
from sanderling.kernel.units import KIB, MIB

_HEADER = struct.Struct(">IB")
_LENGTH = struct.Struct(">I")
_KIND_BYTES = 1
_HEADER_BYTES = _HEADER.size

_ERROR_BYTES = 64 * KIB
_CODE_BYTES = 16 * MIB
_LOG_HEAD_BYTES = 8
_RESULT_ENVELOPE_BYTES = 256


class ProtocolViolated(Refusal):
    """The worker broke the protocol: {reason}."""

    code: ClassVar[str] = "protocol_violated"

    def __init__(self, *, reason: str) -> None:
        """Keep a reason that holds nothing of what the worker wrote."""
        super().__init__(reason=reason)


_header_at: Callable[..., tuple[int, int]] = _HEADER.unpack_from


class FrameReader:
    """Collect bytes and give out whole frames."""

    __slots__ = ("_flaw", "_most_bytes", "_needed", "_pending")

    def __init__(self) -> None:
        """Allow a greeting, and nothing else until `allow` says so."""
        self._pending = bytearray()
        self._flaw: ProtocolViolated | None = None
        self._needed: int = 0
        self._most_bytes: dict[int, int] = {HELLO: 0}

    def allow(self, *, result_bytes: int, log_bytes: int) -> None:
        """Allow the frames of a call with these limits."""
        self._most_bytes = {
            RESULT: result_bytes + _RESULT_ENVELOPE_BYTES,
            ERROR: _ERROR_BYTES,
            LOG: log_bytes + _LOG_HEAD_BYTES,
        }

    def allow_code(self) -> None:
        """Allow the frames of a compilation."""
        self._most_bytes = {CODE: _CODE_BYTES, ERROR: _ERROR_BYTES}

    @property
    def has_rest(self) -> bool:
        """Claim that bytes of an unfinished frame are waiting."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take `data` and return the frames that are whole now, each as (kind, body).

        Frames before one that is not allowed are returned first, as if it came a moment later;
        `check_rest` tells of it.

        Raises:
            ProtocolViolated: a header announces what is not allowed.

        """
        if self._flaw is not None:
            raise self._flaw
        if not self._pending and len(data) >= _HEADER_BYTES:
            # Most often one frame comes at once and alone.
            length, kind = _header_at(data)
            if len(data) == _LENGTH.size + length:
                self._check(length, kind)
                return [(kind, data[_HEADER_BYTES:])]
        if self._pending:
            self._pending += data
            if len(self._pending) < self._needed:
                # Waiting costs no copy, so that a frame that comes byte by byte stays cheap.
                return []
            data = bytes(self._pending)
            self._pending.clear()
        frames: list[tuple[int, bytes]] = []
        start = 0
        self._needed = _HEADER_BYTES
        while len(data) - start >= _HEADER_BYTES:
            length, kind = _header_at(data, start)
            try:
                self._check(length, kind)
            except ProtocolViolated as flaw:
                if not frames:
                    raise
                self._flaw = flaw
                break
            end = start + _LENGTH.size + length
            if end > len(data):
                self._needed = end - start
                break
            frames.append((kind, data[start + _HEADER_BYTES : end]))
            start = end
        self._pending += data[start:]
        return frames

    def check_rest(self) -> None:
        """See that what follows the frames that were returned may come.

        Raises:
            ProtocolViolated: its header announces what is not allowed.

        """
        if self._flaw is not None:
            raise self._flaw

    def _check(self, length: int, kind: int) -> None:
        most = self._most_bytes.get(kind)
        if most is None:
            raise ProtocolViolated(reason=f"a frame of kind {kind} is not allowed now")
        if not _KIND_BYTES <= length <= most + _KIND_BYTES:
            raise ProtocolViolated(reason=f"a frame of {length} bytes, at most {most} are allowed")
