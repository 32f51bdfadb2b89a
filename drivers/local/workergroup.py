"""Puts all zygotes, and with them all workers, into one control group with limits of its own.

Purpose: the kernel itself bounds what all workers take together, where a tree of version 2 was
delegated to us. Guarantee: it never fails a start; what could not be had is said, and what is said
to be there was read back. The host itself is never moved: where its own group holds processes and
so cannot give controllers to a group below, the group above is tried.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from drivers.guest.layers import CGROUP, PROVEN, UNAVAILABLE
from drivers.local.cgroups import read_cgroups
from drivers.local.footprint import needed_bytes, needed_processes
from drivers.local.machine import Machine
from drivers.local.proofs import LayerProof
from drivers.local.settings import ExtraWall, LocalSettings

_DELEGATED = ("user.delegate", "trusted.delegate")
_PERIOD_US = 100_000
_REMOVALS = 100
_PAUSE_S = 0.02


class WorkerGroup:
    """One control group below a delegated one; `proof` says how it stands."""

    needed: ClassVar[tuple[str, ...]] = ("memory", "pids")
    """The controllers without which there is no group."""

    def __init__(self, settings: LocalSettings, machine: Machine | None = None) -> None:
        """Prepare; nothing is made before `open`."""
        self.proof = LayerProof(UNAVAILABLE, "not available: it was not tried")
        self._settings = settings
        self._machine = machine or Machine()
        self._folder: Path | None = None
        self._how = ""

    def open(self) -> None:
        """Make the group and set its limits, where that is allowed."""
        if self._settings.cgroup is ExtraWall.OFF:
            self._give_up("it is switched off")
            return
        if CGROUP in self._settings.experiment.removed:
            self._give_up("it was left out")
            return
        found = read_cgroups(self._machine)
        if found.folder is None:
            self._give_up(f"no group of version 2 (mounted: {found.layout})")
            return
        reason = ""
        for parent in (Path(found.folder), Path(found.folder).parent):
            try:
                self._check_leave(str(parent))
                self._make_below(self._machine.path(str(parent)))
            except OSError as error:
                reason = reason or f"{parent}: {error.strerror or error}"
            else:
                return
        self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        self.proof = LayerProof(UNAVAILABLE, f"not available: {reason}")

    def _check_leave(self, parent: str) -> None:
        """Stay out of what systemd keeps for itself, even where root could write to it."""
        if os.geteuid() or not self._machine.has("/run/systemd/system"):
            return  # permissions tell what was delegated, or nobody else manages the tree.
        if not any(self._machine.has_attribute(parent, mark) for mark in _DELEGATED):
            raise PermissionError("systemd did not delegate it")

    def _make_below(self, parent: Path) -> None:
        offered = (parent / "cgroup.controllers").read_text().split()
        missing = [name for name in self.needed if name not in offered]
        if missing:
            raise OSError(f"no controller {' or '.join(missing)}")
        limits = self.limits(has_cpu="cpu" in offered)
        given = (parent / "cgroup.subtree_control").read_text().split()
        wanted = {name.partition(".")[0] for name in limits} - set(given)
        if wanted:
            asked = " ".join(f"+{name}" for name in sorted(wanted))
            (parent / "cgroup.subtree_control").write_text(asked)
        folder = parent / f"sanderling-{os.getpid()}-{id(self):x}"
        folder.mkdir()
        try:
            self._how = set_limits(folder, limits)
        except OSError:
            folder.rmdir()
            raise
        self._folder = folder

    def limits(self, *, has_cpu: bool) -> dict[str, str]:
        """Return what is to be written into the group, by file."""
        limits = {
            "memory.max": str(needed_bytes(self._settings)),
            "pids.max": str(needed_processes(self._settings)),
        }
        if has_cpu and self._settings.cpus:
            limits["cpu.max"] = f"{round(self._settings.cpus * _PERIOD_US)} {_PERIOD_US}"
        return limits

    def admit(self, pid: int) -> None:
        """Move a zygote in, before it has forked anything; its workers are born there."""
        if self._folder is None:
            return
        members = self._folder / "cgroup.procs"
        try:
            members.write_text(str(pid))
            is_in = str(pid) in members.read_text().split()
        except OSError as error:
            self._give_up(f"moving a process in: {error.strerror or error}")
            return
        if not is_in:
            self._give_up("a process that was moved in is not there")
        elif self.proof.state != PROVEN:
            self.proof = LayerProof(PROVEN, f"{self._how}; the zygotes are inside")

    async def close(self) -> None:
        """Remove the group once its processes are gone; doing so again is no fault."""
        folder, self._folder = self._folder, None
        if folder is None:
            return
        for _ in range(_REMOVALS):
            with contextlib.suppress(OSError):
                folder.rmdir()
                return
            await asyncio.sleep(_PAUSE_S)


def set_limits(folder: Path, limits: Mapping[str, str]) -> str:
    """Write limits into a group and return what was read back, in words.

    Raises:
        OSError: one was refused, or came back as another.

    """
    for name, value in limits.items():
        (folder / name).write_text(value)
        found = (folder / name).read_text().strip()
        if found != value:
            raise OSError(f"{name} is {found} instead of {value}")
    told = ", ".join(f"{name} {value}" for name, value in limits.items())
    return f"{told} (read back)"
