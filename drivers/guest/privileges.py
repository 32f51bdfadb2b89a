"""Gives up every privilege: root, groups, capabilities, gaining new ones, being traced."""

import ctypes
import os
import struct

from drivers.guest.libc import invoke_prctl, invoke_syscall

_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_NO_NEW_PRIVS = 39
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_IS_SET = 1
_PR_CAP_AMBIENT_CLEAR_ALL = 4

_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64
# Effective, permitted and inheritable, twice 32 of each.
_CAPABILITY_SETS = struct.Struct("=6I")


def _empty_bounding_set() -> None:
    # Without CAP_SETPCAP the kernel refuses; then there is nothing to gain either, because
    # no_new_privs holds and this process never executes a file.
    for capability in range(_MOST_CAPABILITIES):
        try:
            invoke_prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            return


def _with_capabilities(call: str) -> tuple[int, ...]:
    """Set none, or get those that are there, and return the sets that the kernel left."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    sets = ctypes.create_string_buffer(_CAPABILITY_SETS.size)
    invoke_syscall(call, ctypes.addressof(header), ctypes.addressof(sets))
    left: tuple[int, ...] = _CAPABILITY_SETS.unpack_from(sets)
    return left


def _has_ambient_capabilities() -> bool:
    for capability in range(_MOST_CAPABILITIES):
        try:
            if invoke_prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_IS_SET, capability):
                return True
        except OSError:
            # The kernel knows no more of them, or has no such set.
            return False
    return False


def give_up_privileges(uid: int) -> None:
    """Become `uid` if root, and hold no capability and no way to gain one.

    Raises:
        OSError: the kernel refused a step.

    """
    _empty_bounding_set()
    if os.geteuid() == 0 or os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    invoke_prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _with_capabilities("capset")
    invoke_prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Undumpable: other processes of the same user can neither trace it nor read its memory.
    invoke_prctl(_PR_SET_DUMPABLE, 0)


def privileges_held() -> list[str]:
    """Return what is still held, in words; empty when every privilege is gone."""
    held: list[str] = []
    if 0 in os.getresuid() or 0 in os.getresgid():
        held.append("user or group root")
    # The kernel is asked itself: its pages in /proc may be out of sight by now.
    if any(_with_capabilities("capget")) or _has_ambient_capabilities():
        held.append("a capability")
    if invoke_prctl(_PR_GET_NO_NEW_PRIVS) != 1:
        held.append("a way to gain privileges")
    if invoke_prctl(_PR_GET_DUMPABLE) != 0:
        held.append("being dumpable")
    return held
