"""The kinds of namespaces that a process can leave its surroundings with."""

from drivers.guest.libc import invoke_syscall

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


def unshare(*kinds: str) -> None:
    """Leave the namespaces of these kinds for new ones.

    Raises:
        OSError: the kernel refused; nothing was changed.

    """
    flags = 0
    for kind in kinds:
        flags |= NAMESPACES[kind]
    invoke_syscall("unshare", flags)
