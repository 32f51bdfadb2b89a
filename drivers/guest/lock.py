"""Puts the walls of the zygote and its workers in force, in order, and proves each one.

Guarantee: a layer is reported as proven only when an attempt to pass it was made here, after it
was put up, and failed. It relies on running before any other thread and before any user code.
The host decides what a missing layer means; nothing in here tolerates one.
"""

from __future__ import annotations

import _socket
import os
import sys

from drivers.guest import canaries, landlock, rlimits
from drivers.guest.layers import (
    LANDLOCK,
    LANGUAGE,
    LAYERS,
    MISSING,
    NAMESPACES,
    PRIVILEGES,
    PROCESS,
    PROVEN,
    RLIMITS,
    SECCOMP,
    UNAVAILABLE,
)
from drivers.guest.messages import BIND_NOW
from drivers.guest.privileges import give_up_privileges, privileges_held
from drivers.guest.seccomp import Program
from drivers.guest.syscalls import CHANNEL_FD, WORKER_RULES, ZYGOTE_RULES

TYPE_CHECKING = False  # `typing` itself stays out of the workers.
if TYPE_CHECKING:
    from collections.abc import Callable

HIGHEST_FD = 65536
"""Descriptors are closed up to this one; a process cannot be given more by default."""

_ENVIRONMENT = {"LC_ALL"}
_CANARY_MEMORY_BYTES = 64 << 20
_CANARY_CPU_S = 10


class Layer:
    """One wall: how it is put up, and what is found wrong with it afterwards."""

    __slots__ = ("enforce", "find_flaws", "name", "proof")

    def __init__(
        self,
        name: str,
        enforce: Callable[[], object],
        find_flaws: Callable[[], list[str]],
        proof: str,
    ) -> None:
        """Keep the wall; `proof` says in words how `find_flaws` tests it."""
        self.name = name
        self.enforce = enforce
        self.find_flaws = find_flaws
        self.proof = proof


class Lock:
    """Hold the filters, built once, and what was proven."""

    def __init__(self, *, uid: int, removed: frozenset[str] = frozenset()) -> None:
        """Prepare; `removed` layers are left out, so that their proof fails."""
        self._uid = uid
        self._base_bytes = rlimits.address_space_bytes()
        self._removed = removed
        self._zygote_program = Program(ZYGOTE_RULES)
        limits = () if RLIMITS in removed else (rlimits.limit_worker,)
        self._limit = _leave_unlimited if RLIMITS in removed else rlimits.limit_function
        filters = () if SECCOMP in removed else (Program(WORKER_RULES).load,)
        self._worker_layers = (*limits, *filters)
        self.report: dict[str, dict[str, str]] = {}

    def lock_zygote(self, enter_namespaces: Callable[[], tuple[str, ...]] | None = None) -> None:
        """Put every layer up in this process and write the report.

        `enter_namespaces` is tried once no descriptor leads out any more, and before the privileges
        that it needs are given up.
        """
        for layer in self._layers():
            self.report[layer.name] = self._put_up(layer)
            if layer.name == PROCESS and enter_namespaces is not None:
                self.report[NAMESPACES] = self._try_namespaces(enter_namespaces)

    def _try_namespaces(self, enter: Callable[[], tuple[str, ...]]) -> dict[str, str]:
        if NAMESPACES in self._removed:
            return {"state": UNAVAILABLE, "how": "it was left out"}
        try:
            kinds = enter()
        except OSError as error:
            return {"state": UNAVAILABLE, "how": f"not available: {error.strerror or error}"}
        how = f"{', '.join(kinds)}: the root is empty and connecting to loopback found no way"
        return {"state": PROVEN, "how": how}

    def note_language(self, flaws: list[str]) -> None:
        """Add what was found about the language layer, which does not lean on the kernel."""
        proof = {"state": PROVEN, "how": "what guards and compiler must refuse was refused"}
        if LANGUAGE in self._removed:
            flaws = ["it was left out"]
        flawed = {"state": MISSING, "how": "; ".join(flaws)}
        self.report[LANGUAGE] = flawed if flaws else proof

    def _put_up(self, layer: Layer) -> dict[str, str]:
        try:
            if layer.name not in self._removed:
                layer.enforce()
            flaws = layer.find_flaws()
        except OSError as error:
            flaws = [f"{error.strerror or error}"]
        if flaws:
            return {"state": MISSING, "how": "; ".join(flaws)}
        return {"state": PROVEN, "how": layer.proof}

    def _layers(self) -> tuple[Layer, ...]:
        return (
            Layer(
                PROCESS,
                tidy_process,
                process_flaws,
                "no environment, no descriptor but one socket, nothing to import from",
            ),
            Layer(
                RLIMITS,
                rlimits.limit_zygote,
                rlimits.limits_missing,
                "limits read back; taking and raising memory failed in a worker",
            ),
            Layer(
                PRIVILEGES,
                lambda: give_up_privileges(self._uid),
                privileges_held,
                "no root, no capability, no way to gain one, not traceable",
            ),
            Layer(
                LANDLOCK,
                landlock.give_up_everything,
                landlock_flaws,
                f"ABI {landlock.running_abi()}: opening a file and binding a port failed",
            ),
            Layer(
                SECCOMP,
                self._zygote_program.load,
                self._seccomp_flaws,
                f"{len(canaries.ON_ZYGOTE) + len(canaries.ON_WORKER)} forbidden calls failed",
            ),
        )

    def _seccomp_flaws(self) -> list[str]:
        holes = canaries.attempts_that_succeed(canaries.ON_ZYGOTE, lambda: None)
        holes += canaries.attempts_that_succeed(canaries.ON_WORKER, self._lock_canary)
        limits = canaries.attempts_that_succeed(canaries.ON_LIMITS, self._lock_canary)
        if limits:
            # Limits per worker can only be tried in one, which exists only now.
            self.report[RLIMITS] = {"state": MISSING, "how": f"a worker could {', '.join(limits)}"}
        return [f"a worker could {hole}" for hole in holes]

    def _lock_canary(self) -> None:
        self.lock_worker()
        self.lock_function(_CANARY_MEMORY_BYTES, _CANARY_CPU_S)

    def lock_worker(self) -> None:
        """Put up what a worker has beyond its zygote; only a host's frames get in from here on."""
        for put_up in self._worker_layers:
            put_up()

    def without_effect(self) -> Lock:
        """Return a lock that puts nothing up, for rehearsals in the zygote."""
        return Lock(uid=self._uid, removed=frozenset(LAYERS))

    def lock_function(self, memory_bytes: int, cpu_s: int) -> None:
        """Bound one function on top of what an idle worker takes, for good."""
        self._limit(self._base_bytes + memory_bytes, cpu_s)


def _leave_unlimited(_memory_bytes: int, _cpu_s: int) -> None:
    """Bound nothing."""


def tidy_process() -> None:
    """Close every descriptor that the host's program left inheritable, and leave its folder.

    Of the environment what served the start goes, too.
    """
    os.closerange(CHANNEL_FD + 1, HIGHEST_FD)
    os.environ.pop(BIND_NOW, None)
    os.chdir("/")


def process_flaws() -> list[str]:
    """Return what this process carries and should not."""
    flaws: list[str] = []
    if set(os.environ) - _ENVIRONMENT:
        flaws.append(f"{len(set(os.environ) - _ENVIRONMENT)} variables in the environment")
    if os.getcwd() != "/":  # noqa: PTH109 - pathlib is not loaded in the guest.
        flaws.append("a working folder")
    if len(sys.argv) > 1:
        flaws.append("arguments on the command line")
    # Listing takes a descriptor itself, the lowest that is free.
    held = sorted(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208 - pathlib is not loaded in the guest.
    if [fd for fd in held if fd > CHANNEL_FD + 1]:
        flaws.append("open descriptors")
    return flaws


def landlock_flaws() -> list[str]:
    """Return what Landlock should refuse and did not."""
    flaws: list[str] = []
    try:
        os.close(os.open("/", os.O_RDONLY))
        flaws.append("a file could be opened")
    except PermissionError:
        pass
    if landlock.running_abi() >= landlock.TCP_SINCE:
        try:
            _socket.socket().bind(("127.0.0.1", 0))
            flaws.append("a port could be bound")
        except PermissionError:
            pass
    return flaws
