"""Forks one worker for one request, and tells how it went: the host and zygote of a lent machine.

Purpose: on a machine that serves one call at a time (a cloud's execution environment) every call
still gets a process of its own, with the deadline, the limits and the walls that it would have
at home. Guarantees: a worker never outlives its request, nor does what it forked where no filter
keeps it from that, and nothing of what it wrote beyond its limits is kept. It relies on being the
only thread.
"""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress

from drivers.guest.channel import HELLO, LOG, MOST_LOG_FRAMES, NO_MEMORY_STATUS
from drivers.guest.layers import SECCOMP
from drivers.guest.strays import adopt_strays, children, end_strays
from drivers.guest.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from drivers.guest.flavour import Flavour
    from drivers.guest.foreign_lock import ForeignLock

_signal: Any = __import__("_signal")

_HEAD_BYTES = 5
_CHUNK = 1 << 18
_READY_S = 20.0
_TICK_S = 0.05
_LOG_HEAD_BYTES = 8
_KIB = 1024
_NOT_PROVEN = 70


class Bounds:
    """What one request may take; `most` has the longest body of each kind of frame."""

    __slots__ = ("cpu_s", "most", "wall_s")

    def __init__(self, *, wall_s: float, cpu_s: float, most: dict[int, int]) -> None:
        """Keep the bounds."""
        self.wall_s = wall_s
        self.cpu_s = cpu_s
        self.most = most


class Told:
    """How a request went, in the words of `Ending`; `status` is there when the worker died."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.ending = ""
        self.kind = 0
        self.body = b""
        self.log: list[bytes] = []
        self.log_bytes = 0
        self.dropped_bytes = 0
        self.violation = ""
        self.status: int | None = None
        self.cpu_s = 0.0
        self.peak_bytes = 0
        self.wall_s = 0.0


class _Violated(Exception):
    """The worker wrote what it may not."""


class _Fork:
    """One worker and the socket to it."""

    def __init__(self, pid: int, end: socket.socket, most: dict[int, int]) -> None:
        self._pid = pid
        self._socket = end
        self._most = most
        self._data = bytearray()
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)
        self.is_over = False

    def cpu_s(self) -> float:
        """Return the CPU seconds it used so far."""
        try:
            return time.clock_gettime((~self._pid << 3) | 2)
        except OSError:
            return 0.0

    def send(self, request: bytes, within_s: float) -> None:
        """Write the request; a worker that is gone is found by reading."""
        self._socket.settimeout(within_s)
        try:
            self._socket.sendall(request)
        except OSError:
            return

    def frames(self, within_s: float) -> list[tuple[int, bytes]]:
        """Return the frames that are there, waiting for some."""
        if self._poll.poll(max(0, within_s) * 1000):
            try:
                data = self._socket.recv(_CHUNK)
            except OSError:
                data = b""
            self.is_over = not data
            self._data += data
        return self._whole()

    def _whole(self) -> list[tuple[int, bytes]]:
        frames: list[tuple[int, bytes]] = []
        while len(self._data) >= _HEAD_BYTES:
            length, kind = int.from_bytes(self._data[:4], "big"), self._data[4]
            most = self._most.get(kind)
            if most is None or not 1 <= length <= most + 1:
                raise _Violated(f"a frame of kind {kind} with {length} bytes")
            if len(self._data) < length + 4:
                break
            frames.append((kind, bytes(self._data[_HEAD_BYTES : length + 4])))
            del self._data[: length + 4]
        return frames

    def end(self) -> tuple[int, Any]:
        """Kill it, and return its status and what it used."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, _signal.SIGKILL)
        self._socket.close()
        return self.bury()

    def bury(self) -> tuple[int, Any]:
        """Return its status and what it used."""
        _, status, usage = os.wait4(self._pid, 0)
        return status, usage


class Nursery:
    """Serve requests, each in a fork."""

    def __init__(self, lock: ForeignLock) -> None:
        """Put `lock` up in every worker."""
        self._lock = lock
        # The filter refuses to fork; to look for strays costs a look at every process.
        self._may_leave_strays = SECCOMP not in lock.layers
        with suppress(OSError):
            adopt_strays()

    def serve(self, flavour: Callable[[], Flavour], request: bytes, bounds: Bounds) -> Told:
        """Return how `request` went in a new worker, which makes its flavour itself."""
        told = Told()
        before = children() if self._may_leave_strays else frozenset[int]()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            _live(flavour, self._lock, theirs.fileno(), bounds.wall_s)
        theirs.close()
        fork = _Fork(pid, ours, {HELLO: 0, **bounds.most})
        try:
            _exchange(fork, request, bounds, told)
        except _Violated as violated:
            told.ending, told.violation = "violated", str(violated)
        finally:
            _settle(fork, told)
            if self._may_leave_strays:
                end_strays(before)
        return told


def _live(flavour: Callable[[], Flavour], lock: ForeignLock, fd: int, wall_s: float) -> None:
    """Be the worker; it never returns."""
    status = 0
    try:
        for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGALRM):
            _signal.signal(number, _signal.SIG_DFL)
        made = flavour()
        Worker(made, lock).life(2 * wall_s + _READY_S)(fd)
    except MemoryError:
        status = NO_MEMORY_STATUS
    except BaseException:  # noqa: BLE001 - whatever it was, its parent reads the status.
        status = _NOT_PROVEN
    finally:
        os._exit(status)


def _exchange(fork: _Fork, request: bytes, bounds: Bounds, told: Told) -> None:
    ready_by = time.monotonic() + _READY_S
    greeted = False
    while not greeted and not fork.is_over and time.monotonic() < ready_by:
        greeted = bool(fork.frames(ready_by - time.monotonic()))
    if not greeted:
        told.ending = "unsent"
        return
    began_s, used_s = time.monotonic(), fork.cpu_s()
    fork.send(request, bounds.wall_s)
    while not told.ending:
        told.wall_s = time.monotonic() - began_s
        told.cpu_s = fork.cpu_s() - used_s
        left_s = bounds.wall_s - told.wall_s
        if left_s <= 0:
            told.ending = "wall"
        elif told.cpu_s > bounds.cpu_s:
            told.ending = "cpu"
        else:
            cpu_left_s = bounds.cpu_s - told.cpu_s
            _take(fork.frames(min(left_s, max(cpu_left_s, _TICK_S))), told, bounds)
            if fork.is_over and not told.ending:
                told.ending = "gone"
    told.wall_s = time.monotonic() - began_s
    if told.ending in {"wall", "cpu"}:
        _take(fork.frames(0), told, bounds)


def _take(frames: list[tuple[int, bytes]], told: Told, bounds: Bounds) -> None:
    for kind, body in frames:
        if kind != LOG:
            if not told.ending:
                told.kind, told.body, told.ending = kind, body, "answered"
            continue
        if len(body) < _LOG_HEAD_BYTES:
            raise _Violated("a log frame without its head")
        if len(told.log) == MOST_LOG_FRAMES:
            raise _Violated("its log in more pieces than are allowed")
        told.log_bytes += len(body) - _LOG_HEAD_BYTES
        if told.log_bytes > bounds.most[LOG] - _LOG_HEAD_BYTES:
            raise _Violated("more log than is allowed")
        told.dropped_bytes = int.from_bytes(body[:_LOG_HEAD_BYTES], "big")
        told.log.append(body[_LOG_HEAD_BYTES:])


def _settle(fork: _Fork, told: Told) -> None:
    """End the worker and note what it used."""
    status, usage = fork.bury() if fork.is_over else fork.end()
    told.peak_bytes = usage.ru_maxrss * _KIB
    if told.ending in {"gone", "unsent"}:
        told.status = status
        told.cpu_s = usage.ru_utime + usage.ru_stime
