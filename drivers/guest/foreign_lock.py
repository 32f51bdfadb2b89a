"""The walls of a worker on a machine that is not ours, such as one that a cloud lends.

Nothing may be required there: the boundary is the machine itself. What its kernel offers is put up
all the same and is reported only when an attempt to pass it was made, in a fork, and failed.
"""

from __future__ import annotations

import os

from drivers.guest import canaries, landlock, rlimits
from drivers.guest.layers import LANDLOCK, PRIVILEGES, PROCESS, RLIMITS, SECCOMP
from drivers.guest.lock import landlock_flaws
from drivers.guest.privileges import give_up_privileges, privileges_held
from drivers.guest.seccomp import MachineUnknownError, Program
from drivers.guest.syscalls import CHANNEL_FD, WORKER_RULES

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable

_NOBODY = 65534
_CANARY_MEMORY_BYTES = 64 << 20
_CANARY_CPU_S = 10
_STANDARD_FDS = (0, 1, 2)
_FLAWED = 1


class ForeignLock:
    """Put up in each worker what `prove` found to hold on this machine."""

    def __init__(self) -> None:
        """Put up nothing until `prove` was asked."""
        self._base_bytes = rlimits.address_space_bytes()
        self._held: tuple[tuple[str, Callable[[], object]], ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the walls that hold, in the order in which they are put up."""
        return tuple(name for name, _ in self._held)

    def prove(self) -> None:
        """Try every wall in forks and keep those that hold."""
        held = [
            (name, put_up)
            for name, put_up, find_flaws in _offered()
            if not _is_flawed(put_up, find_flaws)
        ]
        filters = _filter()
        if filters is not None:
            held.append((SECCOMP, filters))
        self._held = tuple(held)
        # These two can be tried only in a worker that has all of them.
        if canaries.attempts_that_succeed(canaries.ON_LIMITS, self._lock_canary):
            self._held = tuple(layer for layer in self._held if layer[0] != RLIMITS)
        if canaries.attempts_that_succeed(canaries.ON_WORKER, self._lock_canary):
            self._held = tuple(layer for layer in self._held if layer[0] != SECCOMP)

    def _lock_canary(self) -> None:
        self.lock_worker()
        self.lock_function(_CANARY_MEMORY_BYTES, _CANARY_CPU_S)

    def lock_worker(self) -> None:
        """Put up what holds here; only frames get in from here on."""
        for _, put_up in self._held:
            put_up()

    def without_effect(self) -> ForeignLock:
        """Return a lock that puts nothing up."""
        return ForeignLock()

    def lock_function(self, memory_bytes: int, cpu_s: int) -> None:
        """Bound one function on top of what an idle worker takes, for good."""
        if any(name == RLIMITS for name, _ in self._held):
            rlimits.limit_function(self._base_bytes + memory_bytes, cpu_s)


def _limit() -> None:
    rlimits.limit_zygote()
    rlimits.limit_worker()


def leave_surroundings() -> None:
    """Drop the environment, which has the machine's credentials, and every way out to its log."""
    os.environ.clear()
    os.chdir("/")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in _STANDARD_FDS:
        os.dup2(nowhere, fd)
    if nowhere > CHANNEL_FD:
        os.close(nowhere)


def _surroundings_left() -> list[str]:
    return ["an environment"] if os.environ else []


def _offered() -> tuple[tuple[str, Callable[[], object], Callable[[], list[str]]], ...]:
    return (
        (PROCESS, leave_surroundings, _surroundings_left),
        (PRIVILEGES, lambda: give_up_privileges(_NOBODY), privileges_held),
        (LANDLOCK, landlock.give_up_everything, landlock_flaws),
        # After Landlock, which takes a descriptor for a moment.
        (RLIMITS, _limit, rlimits.limits_missing),
    )


def _filter() -> Callable[[], object] | None:
    try:
        program = Program(WORKER_RULES)
    except MachineUnknownError:
        return None
    return None if _is_flawed(program.load, list) else program.load


def _is_flawed(put_up: Callable[[], object], find_flaws: Callable[[], list[str]]) -> bool:
    child = os.fork()
    if child == 0:
        status = _FLAWED
        try:
            put_up()
            status = _FLAWED if find_flaws() else 0
        finally:
            # Whatever happened: a canary never returns.
            os._exit(status)
    return os.waitpid(child, 0)[1] != 0
