"""Reads from outside what a worker used: its CPU clock and its memory, as the kernel counts them.

Nothing here is told by the guest. Where the kernel does not tell (the process is gone, or /proc
is hidden), the answer is None.
"""

import os
import time

from drivers.guest.channel import SPIN_NS

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024
_STATM_BYTES = 128
_STATUS_BYTES = 4096
_PEAK = b"VmHWM:"
# With the way there and back a worker takes some more than it spins.
_MOST_SPUN_S = 2 * SPIN_NS / 1e9
_AT_REST_S = 0.01


def cpu_clock(pid: int) -> int:
    """Return the name of the clock that `read_cpu_s` reads for a process.

    The kernel's CPUCLOCK_SCHED: the inverted pid above three bits of kind.
    """
    return (~pid << 3) | 2


def read_cpu_s(clock: int) -> float | None:
    """Return the CPU seconds that the process of `clock` used since it was forked."""
    try:
        return time.clock_gettime(clock)
    except OSError:
        return None


class CPUAccount:
    """What each request to one process costs, by the kernel's own clock of that process.

    A process at rest uses nothing between two requests, so the clock is read once for each; what it
    shows all the same is charged to the request. A process that spins after an answer is not at
    rest for that moment: its clock is read again when it has the next request, which delays nobody,
    and what a moment takes at most is not charged.
    """

    __slots__ = ("_clock", "_ended_s", "_is_spinning", "_seen_s", "_start_s")

    def __init__(self) -> None:
        """Follow no process yet."""
        self._clock = 0
        self._ended_s = 0.0
        self._is_spinning = False
        self._seen_s: float | None = None
        self._start_s = 0.0

    def follow(self, pid: int) -> None:
        """Read the clock of this process from now on."""
        self._clock = cpu_clock(pid)

    def open(self) -> None:
        """Charge nobody for what the process used by now, at rest and ready for its first request.

        Where the kernel does not tell, the first request is charged for all.
        """
        self._seen_s = read_cpu_s(self._clock)

    def begin(self, sent_s: float, *, is_spinning: bool) -> None:
        """Count from here, for a request of that time, after which the process spins or rests."""
        start_s = self._seen_s or 0.0
        if self._is_spinning:
            # The process may have worked since, and cannot have spun for longer than there was.
            shown_s = read_cpu_s(self._clock)
            spun_s = min(sent_s - self._ended_s, _MOST_SPUN_S)
            start_s = min(start_s + spun_s, shown_s or start_s)
        self._start_s = start_s
        self._is_spinning = is_spinning

    def used_s(self) -> float:
        """Return what the request cost by now."""
        return (read_cpu_s(self._clock) or 0.0) - self._start_s

    def end(self, ended_s: float) -> float | None:
        """Return what the request cost that is over now; None where the kernel does not tell."""
        self._ended_s = ended_s
        shown_s = self._seen_s = read_cpu_s(self._clock)
        return None if shown_s is None else max(shown_s - self._start_s, 0.0)

    def is_restless(self) -> bool:
        """Claim that the process computed after its last answer, which nobody asked it to."""
        shown_s = read_cpu_s(self._clock)
        if shown_s is None or self._seen_s is None:
            return False
        return shown_s - self._seen_s > _AT_REST_S

    def end_at(self, shown_s: float) -> float:
        """Return what the request cost of a process whose clock stopped there."""
        return max(shown_s - self._start_s, 0.0)


def read_peak_bytes(pid: int) -> int | None:
    """Return the most that was resident at once."""
    fd = _open(f"/proc/{pid}/status")
    _, found, rest = _read(fd, _STATUS_BYTES).partition(_PEAK)
    _close(fd)
    return int(rest.split(None, 1)[0]) * _KIB if found else None


class ResidentMeter:
    """Read again and again what is resident of one process, through a descriptor opened once."""

    __slots__ = ("_fd",)

    def __init__(self, pid: int) -> None:
        """Open the process's page in /proc, where it is there."""
        self._fd = _open(f"/proc/{pid}/statm")

    def read_bytes(self) -> int | None:
        """Return what is resident now."""
        fields = _read(self._fd, _STATM_BYTES).split(None, 2)
        return int(fields[1]) * _PAGE_BYTES if len(fields) > 1 else None

    def close(self) -> None:
        """Close the descriptor; doing so again is no fault."""
        _close(self._fd)
        self._fd = -1


def read_resident_bytes(pid: int) -> int | None:
    """Return what is resident now, for whoever asks once."""
    meter = ResidentMeter(pid)
    try:
        return meter.read_bytes()
    finally:
        meter.close()


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _read(fd: int, most: int) -> bytes:
    try:
        return os.pread(fd, most, 0) if fd >= 0 else b""
    except OSError:
        return b""


def _close(fd: int) -> None:
    if fd >= 0:
        os.close(fd)
