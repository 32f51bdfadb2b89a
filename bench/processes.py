"""Reads CPU time and memory of processes from the kernel; Linux only.

CPU time of a process that is alive comes from its own CPU clock, in nanoseconds. What its ended
children used comes from /proc/PID/stat, in ticks: over hundreds of short children the rounding
evens out, over a handful it does not.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_UTIME_OF_CHILDREN = 13
_STIME_OF_CHILDREN = 14
_PROCESS_CPU_CLOCK = 2


def children_of(pid: int) -> frozenset[int]:
    """Return the pids of the direct children of all threads of `pid`; empty when it is gone."""
    found: set[int] = set()
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        for thread in threads:
            found.update(map(int, (thread / "children").read_text().split()))
    except (FileNotFoundError, ProcessLookupError):
        return frozenset(found)
    return frozenset(found)


def tree_of(roots: Iterable[int]) -> frozenset[int]:
    """Return `roots` and everything below them."""
    tree: set[int] = set()
    left = list(roots)
    while left:
        pid = left.pop()
        if pid not in tree:
            tree.add(pid)
            left.extend(children_of(pid))
    return frozenset(tree)


def _cpu_of_ended_children_ns(pid: int) -> int:
    # The second field is the program's name in brackets and may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[_UTIME_OF_CHILDREN]) + int(fields[_STIME_OF_CHILDREN])
    return ticks * _TICK_NS


def cpu_ns(pids: Iterable[int]) -> int:
    """Return what the processes and their ended children used so far; 0 for those gone."""
    used = 0
    for pid in pids:
        try:
            used += time.clock_gettime_ns((~pid << 3) | _PROCESS_CPU_CLOCK)
            used += _cpu_of_ended_children_ns(pid)
        except (OSError, ValueError):
            continue
    return used


def own_cpu_ns() -> int:
    """Return what this process used so far, with the children it has waited for."""
    ended = os.times()
    return time.process_time_ns() + round((ended.children_user + ended.children_system) * 1e9)


def pss_kib(pids: Iterable[int]) -> int:
    """Return the proportional memory of the processes: a shared page counts once in all."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
    return total
