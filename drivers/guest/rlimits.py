"""Bounds what one process may take, first for every worker and then for one function."""

import resource

PAGE_BYTES = resource.getpagesize()

_STACK_BYTES = 8 * 1024 * 1024
_CHANNEL_AND_STANDARD_FILES = 4

# What a worker may never do at all; the zygote carries these and every fork inherits them.
_SHARED: tuple[tuple[int, int], ...] = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_STACK, _STACK_BYTES),
)


# By names of this module, so that a fresh worker looks up nothing that no other did before.
_set = resource.setrlimit
_FILES = (resource.RLIMIT_NOFILE, (_CHANNEL_AND_STANDARD_FILES, _CHANNEL_AND_STANDARD_FILES))
_PROCESSES = (resource.RLIMIT_NPROC, (0, 0))
_MEMORY = resource.RLIMIT_AS
_CPU = resource.RLIMIT_CPU


def _lower(kind: int, value: int) -> None:
    """Set a limit for good, or leave it where it is lower already."""
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def limit_zygote() -> None:
    """Put the limits in force that hold for the zygote and every worker."""
    for kind, value in _SHARED:
        _lower(kind, value)


def limit_worker() -> None:
    """Put the further limits of a worker in force: no descriptor beyond its socket, no process."""
    _set(*_FILES)
    _set(*_PROCESSES)


def limit_function(memory_bytes: int, cpu_s: int) -> None:
    """Bound the address space and the CPU time of this process, for good.

    Raises:
        ValueError: a limit is already lower than asked.

    """
    _set(_MEMORY, (memory_bytes, memory_bytes))
    # The soft limit ends the process with SIGXCPU, which tells its cause; the hard one with KILL.
    _set(_CPU, (cpu_s, cpu_s + 1))


def address_space_bytes() -> int:
    """Return how much address space this process has mapped."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - pathlib is not loaded in the guest.
        return int(statm.read().split()[0]) * PAGE_BYTES


def limits_missing() -> list[str]:
    """Return the shared limits that are not in force, by number; empty when all are."""
    return [
        f"limit {kind} allows {resource.getrlimit(kind)[1]} instead of {value}"
        for kind, value in _SHARED
        if not 0 <= resource.getrlimit(kind)[1] <= value
    ]
