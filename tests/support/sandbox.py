"""Looks at sandboxed processes from outside, and waits for them to be gone."""

import os
import select
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from drivers.local.worker import Parent

CHILDLESS = Parent(watch=lambda _serial: None, let_go=lambda _serial: None)
"""What stands for the zygote of a worker that none forked."""


def page_of(pid: int, name: str) -> str:
    """Return one of the kernel's pages on a process; empty when it has ended by now."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children_of(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`."""
    tasks = Path(f"/proc/{pid}/task").glob("*")
    return [
        int(child) for task in tasks for child in page_of(pid, f"task/{task.name}/children").split()
    ]


def descendants_of(pid: int) -> list[int]:
    """Return every process below `pid`."""
    below: list[int] = []
    for child in children_of(pid):
        below += [child, *descendants_of(child)]
    return below


def status_of(pid: int) -> dict[str, str]:
    """Return the fields of the kernel's status page of a process; none when it has ended."""
    lines = page_of(pid, "status").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def are_gone(pids: list[int], *, within_s: float) -> bool:
    """Claim that every one of these processes ends within that time."""
    for pid in pids:
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            poll = select.poll()
            poll.register(pidfd, select.POLLIN)
            if not poll.poll(within_s * 1000):
                return False
        finally:
            os.close(pidfd)
    return True


def open_descriptors() -> set[int]:
    """Return this process's descriptors, without the one that lists them."""
    return {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}


@contextmanager
def ended_process() -> Generator[tuple[int, int]]:
    """Give number and descriptor of a process that is gone, to stand for a worker's."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pidfd = os.pidfd_open(child.pid)
        child.wait()
    yield child.pid, pidfd
    os.close(pidfd)
