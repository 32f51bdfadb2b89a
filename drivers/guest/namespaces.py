"""Leaves the surroundings of the host's process for empty ones, where the kernel allows it.

Purpose: one more wall around the zygote and its workers, put up by other parts of the kernel than
all others. Guarantee: a network without interfaces and a file system with nothing in it, each of
them tried; or nothing is changed at all. Every step is rehearsed in a fork first, so that half an
attempt, or a filter that kills for it, costs the zygote nothing. It needs root or a user namespace
and leaves no capability behind: giving up privileges comes afterwards and is proven on its own.

A namespace for process ids is left out. It would need one more process to be its init, whose death
ends every worker, and workers can neither signal, trace nor see any process as it is.
"""

import _socket
import ctypes
import errno
import os

from drivers.guest.libc import call_libc, invoke_syscall

USER = "user"

NAMESPACES: dict[str, int] = {
    USER: 0x10000000,
    "mount": 0x00020000,
    "pid": 0x20000000,
    "network": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
}
"""The kernel's flag for each kind."""

_WANTED = ("mount", "network", "ipc", "uts", "cgroup")
# Kernels can be built without the later ones; without the first two there is no point.
_ENOUGH = ("mount", "network")

_MS_READ_ONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_RECURSIVE = 0x4000
_MS_PRIVATE = 0x40000
_DETACH = 2
# A folder that is there on every system; what is mounted on it is seen by nobody else.
_PLACE = b"/proc"
_DISCARD_PORT = 9
_MOST_TOLD = 300


def unshare(*kinds: str) -> None:
    """Leave the namespaces of these kinds for new ones.

    Raises:
        OSError: the kernel refused; nothing was changed.

    """
    flags = 0
    for kind in kinds:
        flags |= NAMESPACES[kind]
    invoke_syscall("unshare", flags)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _leave(kinds: tuple[str, ...]) -> None:
    """Unshare `kinds`; in a user namespace this process stays who it was, outside and inside."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(*kinds)
    if USER in kinds:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _empty_file_system() -> None:
    """Make an empty, read-only file system the root, and let go of everything that was there."""
    call_libc("mount", None, b"/", None, _MS_RECURSIVE | _MS_PRIVATE, None)
    flags = _MS_READ_ONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    call_libc("mount", b"none", _PLACE, b"tmpfs", flags, b"size=4k,nr_inodes=2,mode=0555")
    os.chdir(_PLACE)
    here = ctypes.create_string_buffer(b".")
    # The old root comes to lie over the new one, and is taken off from there.
    invoke_syscall("pivot_root", ctypes.addressof(here), ctypes.addressof(here))
    call_libc("umount2", b".", _DETACH)
    os.chdir("/")


def _flaws() -> list[str]:
    """Return what is still in reach and should not be."""
    flaws = [f"{len(names)} names in the root" for names in [os.listdir("/")] if names]  # noqa: PTH208 - pathlib is not loaded in the guest.
    if os.listdir("..") or os.access("/proc/self", os.F_OK):  # noqa: PTH208 - as above.
        flaws.append("a way out of the root")
    for family, address in ((_socket.AF_INET, "127.0.0.1"), (_socket.AF_INET6, "::1")):
        flaw = _connection_flaw(family, address)
        if flaw:
            flaws.append(flaw)
    return flaws


def _connection_flaw(family: int, address: str) -> str:
    try:
        connection = _socket.socket(family, _socket.SOCK_STREAM)
    except OSError:
        return ""  # this kernel has no such network at all.
    try:
        connection.settimeout(1)
        connection.connect((address, _DISCARD_PORT))
    except OSError as error:
        # No interface is up, so there is no way; whoever is refused has reached somebody.
        if error.errno in {errno.ENETUNREACH, errno.EADDRNOTAVAIL}:
            return ""
        return f"{address} in reach: {error.strerror}"
    finally:
        connection.close()
    return f"{address} in reach"


def _enter(kinds: tuple[str, ...]) -> None:
    _leave(kinds)
    _empty_file_system()
    flaws = _flaws()
    if flaws:
        raise OSError(errno.EPERM, "; ".join(flaws))


def _rehearse(kinds: tuple[str, ...]) -> str:
    """Return why entering fails in a fork; empty when it succeeds."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _enter_and_exit(kinds, tell)
    os.close(tell)
    text = os.read(told, _MOST_TOLD).decode(errors="replace")
    os.close(told)
    _, status = os.waitpid(child, 0)
    return text or ("" if status == 0 else f"ended with status {status}")


def _enter_and_exit(kinds: tuple[str, ...], tell: int) -> None:
    ending = 1
    try:
        _enter(kinds)
        ending = 0
    except OSError as error:
        os.write(tell, f"{error.strerror or error}".encode()[:_MOST_TOLD])
    finally:
        # Whatever happened: a rehearsal never returns into the zygote's code.
        os._exit(ending)


def enter_namespaces() -> tuple[str, ...]:
    """Enter what can be had and return the kinds; the caller has no thread and no other root.

    Raises:
        OSError: nothing can be had, and nothing was changed.

    """
    reason = ""
    # Root without the capability stays out: inside a user namespace of its own it could not become
    # somebody else any more, and that wall counts for more.
    choices: list[tuple[str, ...]] = [_WANTED, _ENOUGH]
    if os.geteuid() != 0:
        choices += [(USER, *_WANTED), (USER, *_ENOUGH)]
    for kinds in choices:
        problem = _rehearse(kinds)
        if not problem:
            _enter(kinds)
            return kinds
        reason = reason or problem
    raise OSError(errno.EPERM, reason)
