"""Reads which control groups this process is in, and what they allow it.

Version 2 has one tree, version 1 one for each controller; a hybrid machine has both. In a
container the tree often starts at the container's own group, and then paths are cut short.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from drivers.local.machine import Machine

# The kernel writes blanks and backslashes in a path as three octal digits.
_OCTAL = re.compile(r"\\([0-7]{3})")
_FIELDS_BEFORE_KIND = 6
# Version 1 says that there is no limit by one that no machine has.
_NO_LIMIT_BYTES = 1 << 60


class CgroupLayout(StrEnum):
    """Which versions are mounted."""

    NONE = "none"
    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class CgroupMount:
    """One mounted tree: `root` is the group that is seen at `point`; options name controllers."""

    is_v2: bool
    root: str
    point: str
    options: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cgroups:
    """What is known of this process's groups.

    `folder` is its group of version 2, `controllers` are those that are offered there, and
    `is_delegated` claims that we may make groups below it. `memory_limit_bytes` is the lowest
    limit on the way to the root of either version, found in `memory_limit_file`.
    """

    layout: CgroupLayout
    folder: str | None = None
    controllers: tuple[str, ...] = ()
    is_delegated: bool = False
    memory_limit_bytes: int | None = None
    memory_limit_file: str = ""


def parse_mounts(mountinfo: str) -> tuple[CgroupMount, ...]:
    """Return the trees of control groups in the kernel's list of mounts."""
    mounts: list[CgroupMount] = []
    for line in mountinfo.splitlines():
        before, found, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if not found or len(fields) < _FIELDS_BEFORE_KIND or kinds[0] not in {"cgroup", "cgroup2"}:
            continue
        root, point = (_OCTAL.sub(_unescaped, field) for field in fields[3:5])
        options = frozenset(kinds[-1].split(","))
        mounts.append(CgroupMount(kinds[0] == "cgroup2", root, point, options))
    return tuple(mounts)


def _unescaped(octal: re.Match[str]) -> str:
    return chr(int(octal.group(1), 8))


def parse_membership(text: str) -> dict[str, str]:
    """Return the group of this process by controller; by the empty name for version 2."""
    groups: dict[str, str] = {}
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == len(("number", "controllers", "path")):
            groups |= dict.fromkeys(parts[1].split(","), parts[2])
    return groups


def folder_of(mount: CgroupMount, group: str) -> str | None:
    """Return the folder of `group` in a mounted tree; None when it lies outside of it."""
    try:
        inside = PurePosixPath(group).relative_to(mount.root)
    except ValueError:
        return None
    return None if ".." in inside.parts else str(PurePosixPath(mount.point) / inside)


def read_cgroups(machine: Machine) -> Cgroups:
    """Return what this process's control groups are, as far as files tell."""
    mounts = parse_mounts(machine.read("/proc/self/mountinfo") or "")
    groups = parse_membership(machine.read("/proc/self/cgroup") or "")
    v2 = next((mount for mount in mounts if mount.is_v2), None)
    has_v1 = any(not mount.is_v2 for mount in mounts)
    folder = folder_of(v2, groups[""]) if v2 is not None and "" in groups else None
    limit_bytes, limit_file = min(_memory_limits(machine, mounts, groups), default=(None, ""))
    return Cgroups(
        layout=_layout(has_v1=has_v1, has_v2=v2 is not None),
        folder=folder,
        controllers=() if folder is None else read_controllers(machine, folder),
        is_delegated=folder is not None
        and machine.may_write(folder)
        and machine.may_write(f"{folder}/cgroup.procs"),
        memory_limit_bytes=limit_bytes,
        memory_limit_file=limit_file,
    )


def read_controllers(machine: Machine, folder: str) -> tuple[str, ...]:
    """Return the controllers that a group of version 2 offers to those below it."""
    return tuple((machine.read(f"{folder}/cgroup.controllers") or "").split())


def _layout(*, has_v1: bool, has_v2: bool) -> CgroupLayout:
    if has_v2:
        return CgroupLayout.HYBRID if has_v1 else CgroupLayout.V2
    return CgroupLayout.V1 if has_v1 else CgroupLayout.NONE


def _memory_limits(
    machine: Machine, mounts: tuple[CgroupMount, ...], groups: dict[str, str]
) -> Iterator[tuple[int, str]]:
    """Yield every memory limit on the way from this process's groups to the roots."""
    for mount in mounts:
        if not mount.is_v2 and "memory" not in mount.options:
            continue
        group = groups.get("" if mount.is_v2 else "memory")
        folder = folder_of(mount, group) if group is not None else mount.point
        name = "memory.max" if mount.is_v2 else "memory.limit_in_bytes"
        while folder is not None and folder.startswith(mount.point):
            limit_bytes = machine.read_int(f"{folder}/{name}")
            if limit_bytes is not None and limit_bytes < _NO_LIMIT_BYTES:
                yield limit_bytes, f"{folder}/{name}"
            folder = folder.rpartition("/")[0]
