"""Reads from outside what a worker used: its CPU clock and its memory, as the kernel counts them.

Nothing here is told by the guest. Where the kernel does not tell (the process is gone, or /proc
is hidden), the answer is None.
"""

import os
import time

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024
_STATM_BYTES = 128
_STATUS_BYTES = 4096
_PEAK = b"VmHWM:"


def _cpu_clock(pid: int) -> int:
    # The kernel's CPUCLOCK_SCHED of a process: the inverted pid above three bits of kind.
    return (~pid << 3) | 2


def read_cpu_s(pid: int) -> float | None:
    """Return the CPU seconds that a process used since it was forked."""
    try:
        return time.clock_gettime(_cpu_clock(pid))
    except OSError:
        return None


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
