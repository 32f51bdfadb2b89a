"""Attempts that a locked process must not get away with, each made in a fork of its own.

An attempt is refused when it raises OSError, ValueError or MemoryError, or when the kernel ends
the process for it with SIGSYS; anything else means that a wall has a hole.
"""

from __future__ import annotations

import _socket
import os
import resource

from drivers.guest.libc import invoke_syscall

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Attempt: TypeAlias = Callable[[], object]

_signal: Any = __import__("_signal")  # The C part alone; `signal` brings enum.

_REFUSED = 90
_OPEN = 91

_PROT_READ_EXEC = 5
_MAP_PRIVATE_ANONYMOUS = 0x22
_PTRACE_TRACEME = 0
_MUCH_MEMORY = 4 << 30
_A_FILE_LIMIT_MORE = 64


def _map_executable() -> None:
    # Through the raw call, because Python's mmap has no anonymous executable pages.
    invoke_syscall("mmap", 0, 4096, _PROT_READ_EXEC, _MAP_PRIVATE_ANONYMOUS, -1, 0)


def _raise_own_memory_limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _raise_own_file_limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_A_FILE_LIMIT_MORE, _A_FILE_LIMIT_MORE))


def _send_signal() -> None:
    os.kill(os.getppid(), 0)


ON_ZYGOTE: dict[str, Attempt] = {
    "execute a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must not start.
    "open a socket": lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM),
    "trace": lambda: invoke_syscall("ptrace", _PTRACE_TRACEME, 0, 0, 0),
    "make memory executable": _map_executable,
}
"""What the zygote's own filter refuses."""

ON_WORKER: dict[str, Attempt] = {
    "open a file": lambda: os.open("/", os.O_RDONLY),
    "write to another descriptor": lambda: os.write(1, b"x"),
    "read from another descriptor": lambda: os.read(0, 1),
    "open a socket": lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM),
    "fork": os.fork,
    "execute a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606 - it must not start.
    "send a signal": _send_signal,
    "trace": lambda: invoke_syscall("ptrace", _PTRACE_TRACEME, 0, 0, 0),
    "make memory executable": _map_executable,
    "set up an io_uring": lambda: invoke_syscall("io_uring_setup", 8, 0),
    "stop its own clock": lambda: _signal.setitimer(_signal.ITIMER_REAL, 0),
    "ignore a signal": lambda: _signal.signal(_signal.SIGXCPU, _signal.SIG_IGN),
}
"""What the worker's filter refuses."""

ON_LIMITS: dict[str, Attempt] = {
    "take much memory": lambda: bytes(_MUCH_MEMORY),
    "raise its memory limit": _raise_own_memory_limit,
    "raise its limit of open files": _raise_own_file_limit,
}
"""What the limits of a worker refuse."""


def attempts_that_succeed(attempts: dict[str, Attempt], lock: Callable[[], object]) -> list[str]:
    """Return the names of those attempts that a process gets away with after `lock`."""
    return [name for name, attempt in attempts.items() if not _is_refused(attempt, lock)]


def _is_refused(attempt: Attempt, lock: Callable[[], object]) -> bool:
    child = os.fork()
    if child == 0:
        _attempt_and_exit(attempt, lock)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == int(_signal.SIGSYS)
    return os.WEXITSTATUS(status) == _REFUSED


def _attempt_and_exit(attempt: Attempt, lock: Callable[[], object]) -> None:
    ending = _OPEN
    try:
        lock()
        try:
            attempt()
        except (OSError, ValueError, MemoryError):
            ending = _REFUSED
    finally:
        # Whatever happened: a canary never returns into the zygote's code.
        os._exit(ending)
