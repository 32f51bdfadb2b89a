"""Gives up every right that Landlock knows: files, TCP ports, signals and sockets outside.

Every right of the running kernel's ABI is handled and none is granted, so a descriptor that is
not open yet cannot be opened, whatever the path. It cannot be undone and children inherit it.
"""

import ctypes
import errno
import os
import struct

from drivers.guest.libc import invoke_prctl, invoke_syscall

_PR_SET_NO_NEW_PRIVS = 38
_CREATE_RULESET_VERSION = 1

# Number of file rights by ABI; TCP came with ABI 4 and the scopes with ABI 6.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16}
_NEWEST = 7
TCP_SINCE = 4
_SCOPES_SINCE = 6
_TCP_RIGHTS = 0b11
_SCOPES = 0b11


def running_abi() -> int:
    """Return the Landlock ABI of this kernel; 0 when it has none or it is switched off."""
    try:
        return invoke_syscall("landlock_create_ruleset", 0, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def _ruleset(abi: int) -> bytes:
    rights = (1 << _FILE_RIGHTS[abi]) - 1
    if abi < TCP_SINCE:
        return struct.pack("=Q", rights)
    if abi < _SCOPES_SINCE:
        return struct.pack("=QQ", rights, _TCP_RIGHTS)
    return struct.pack("=QQQ", rights, _TCP_RIGHTS, _SCOPES)


def give_up_everything() -> int:
    """Restrict this process and its children, for good, and return the ABI that was used.

    Raises:
        OSError: Landlock is not there, or the kernel refused.

    """
    abi = min(running_abi(), _NEWEST)
    if abi < 1:
        raise OSError(errno.ENOSYS, "Landlock is not available")
    invoke_prctl(_PR_SET_NO_NEW_PRIVS, 1)
    attributes = ctypes.create_string_buffer(_ruleset(abi), len(_ruleset(abi)))
    ruleset = invoke_syscall(
        "landlock_create_ruleset", ctypes.addressof(attributes), len(attributes), 0
    )
    try:
        invoke_syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return abi
