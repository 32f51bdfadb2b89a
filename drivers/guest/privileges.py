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
_PR_CAP_AMBIENT_CLEAR_ALL = 4

_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64


def _empty_bounding_set() -> None:
    # Without CAP_SETPCAP the kernel refuses; then there is nothing to gain either, because
    # no_new_privs holds and this process never executes a file.
    for capability in range(_MOST_CAPABILITIES):
        try:
            invoke_prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            return


def _empty_capabilities() -> None:
    invoke_prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
    nothing = ctypes.create_string_buffer(24)
    invoke_syscall("capset", ctypes.addressof(header), ctypes.addressof(nothing))


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
    _empty_capabilities()
    invoke_prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Undumpable: other processes of the same user can neither trace it nor read its memory.
    invoke_prctl(_PR_SET_DUMPABLE, 0)


def privileges_held() -> list[str]:
    """Return what is still held, in words; empty when every privilege is gone."""
    held: list[str] = []
    if 0 in os.getresuid() or 0 in os.getresgid():
        held.append("user or group root")
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123 - pathlib is not loaded in the guest.
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    held += [
        f"{name} {fields.get(name)}"
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")
        if int(fields.get(name, "1"), 16)
    ]
    if invoke_prctl(_PR_GET_NO_NEW_PRIVS) != 1:
        held.append("a way to gain privileges")
    if invoke_prctl(_PR_GET_DUMPABLE) != 0:
        held.append("being dumpable")
    return held
