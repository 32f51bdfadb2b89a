"""Ends what a worker left behind on a machine whose walls may let it fork.

Purpose: where no filter holds, code that broke out of the language could leave a process that sees
the next calls, or write into the memory of the runner. Guarantee: what descends from a worker is
gone when its request is over, or the environment ends. It relies on being the only thread.
"""

from __future__ import annotations

import os
from contextlib import suppress

from drivers.guest.libc import invoke_prctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_signal: Any = __import__("_signal")

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_MOST_ROUNDS = 1000
_NOT_ENDED = 71


def adopt_strays() -> None:
    """Become the parent of whatever loses its own below this process, and closed to all of it.

    Raises:
        OSError: the kernel refused.

    """
    invoke_prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # Undumpable: those who run under the same user can neither trace it nor read its memory, its
    # environment or its descriptors.
    invoke_prctl(_PR_SET_DUMPABLE, 0)


def children() -> frozenset[int]:
    """Return the processes whose parent this one is, as far as the kernel shows any."""
    ours = str(os.getpid()).encode()
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib would cost an import.
    except OSError:
        return frozenset()
    return frozenset(int(name) for name in names if name.isdigit() and _parent_of(name) == ours)


def _parent_of(name: str) -> bytes:
    try:
        with open(f"/proc/{name}/stat", "rb") as about:  # noqa: PTH123 - as above.
            # The name of the program, in brackets, may hold anything; state and parent follow.
            return about.read().rpartition(b")")[2].split()[1]
    except (OSError, IndexError):
        return b""


def end_strays(before: frozenset[int]) -> None:
    """Kill and bury every child that was not there `before`, and what those leave behind."""
    for _ in range(_MOST_ROUNDS):
        strays = children() - before
        if not strays:
            return
        for pid in strays:
            with suppress(ProcessLookupError):
                os.kill(pid, _signal.SIGKILL)
        for pid in strays:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
    # Something forks faster than it can be killed; it goes with the machine.
    os._exit(_NOT_ENDED)
