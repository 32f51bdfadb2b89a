"""The few calls into the kernel that Python has no function for."""

from __future__ import annotations

import ctypes
import os

from drivers.guest.syscalls import ABSENT, MACHINES, NUMBERS

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

# Asked once: later, inside the sandbox, uname is refused.
MACHINE = os.uname().machine


def _checked(returned: int) -> int:
    if returned < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return returned


def number_of(name: str) -> int:
    """Return the number of a system call on this machine, or ABSENT."""
    return NUMBERS[name][MACHINES.index(MACHINE)] if MACHINE in MACHINES else ABSENT


def invoke_syscall(name: str, *arguments: int) -> int:
    """Make a system call by name and return what the kernel returned.

    Raises:
        OSError: the kernel refused, or this machine has no such call.

    """
    number = ctypes.c_long(number_of(name))
    returned: int = _libc.syscall(number, *map(ctypes.c_ulong, arguments))
    return _checked(returned)


def prepare_syscall(name: str, *arguments: int) -> Callable[[], None]:
    """Return a call into the kernel for which everything is ready.

    It raises OSError, without telling why, when the kernel refuses or this machine has none.
    """
    number = ctypes.c_long(number_of(name))
    passed = tuple(map(ctypes.c_ulong, arguments))
    # Without the errno of each thread, which ctypes would have to look up.
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long

    def call() -> None:
        if syscall(number, *passed) < 0:
            raise OSError(f"{name} was refused")

    return call


def invoke_prctl(option: int, *arguments: int) -> int:
    """Make a prctl call and return what the kernel returned.

    Raises:
        OSError: the kernel refused.

    """
    filled = (*arguments, 0, 0, 0, 0)[:4]
    returned: int = _libc.prctl(ctypes.c_int(option), *map(ctypes.c_ulong, filled))
    return _checked(returned)


def call_libc(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library that takes numbers and texts.

    Raises:
        OSError: it failed.

    """
    passed = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    return _checked(getattr(_libc, name)(*passed))
