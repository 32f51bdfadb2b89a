"""Control groups are read from what the kernel lists, and nothing in there can break the reader."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.local.cgroups import (
    CgroupLayout,
    CgroupMount,
    Cgroups,
    folder_of,
    parse_membership,
    parse_mounts,
    read_cgroups,
)
from support.machine_tree import a_machine

MIB = 1024 * 1024
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V2_BESIDE = "43 32 0:36 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"
V1_MEMORY = "33 32 0:27 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory"
V1_PIDS = "34 32 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids"
DISK = "1 0 8:1 / / rw - ext4 /dev/sda1 rw"


def test_a_machine_without_groups_is_told_as_such(tmp_path: Path) -> None:
    """Where no page is there, nothing is claimed and nothing raises."""
    assert read_cgroups(a_machine(tmp_path)) == Cgroups(CgroupLayout.NONE)


def test_delegated_group_of_version_2(tmp_path: Path) -> None:
    """Folder, controllers and the lowest limit on the way up are found, with its place."""
    service = "/sys/fs/cgroup/system.slice/app.service"
    machine = a_machine(
        tmp_path,
        {
            "/proc/self/mountinfo": f"{DISK}\n{V2}\n",
            "/proc/self/cgroup": "0::/system.slice/app.service\n",
            f"{service}/cgroup.controllers": "cpu memory pids\n",
            f"{service}/cgroup.procs": "",
            f"{service}/memory.max": "max\n",
            "/sys/fs/cgroup/system.slice/memory.max": f"{512 * MIB}\n",
        },
    )

    assert read_cgroups(machine) == Cgroups(
        CgroupLayout.V2,
        folder=service,
        controllers=("cpu", "memory", "pids"),
        is_delegated=True,
        memory_limit_bytes=512 * MIB,
        memory_limit_file="/sys/fs/cgroup/system.slice/memory.max",
    )


def test_group_that_is_not_ours_is_not_delegated(tmp_path: Path) -> None:
    """A group whose folder is not there for us gives no leave."""
    machine = a_machine(
        tmp_path, {"/proc/self/mountinfo": V2, "/proc/self/cgroup": "0::/elsewhere\n"}
    )

    assert not read_cgroups(machine).is_delegated


def test_version_1_with_its_memory_limit(tmp_path: Path) -> None:
    """Without version 2 there is no folder, and the limit comes from the memory tree."""
    machine = a_machine(
        tmp_path,
        {
            "/proc/self/mountinfo": f"{V1_MEMORY}\n{V1_PIDS}\n",
            "/proc/self/cgroup": "4:memory:/docker/abc\n8:pids:/docker/abc\n",
            "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": f"{256 * MIB}\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    )

    found = read_cgroups(machine)

    assert (found.layout, found.folder, found.memory_limit_bytes) == (
        CgroupLayout.V1,
        None,
        256 * MIB,
    )


def test_a_limit_that_no_machine_has_is_none(tmp_path: Path) -> None:
    """The number that version 1 writes for no limit is not told as one."""
    machine = a_machine(
        tmp_path,
        {
            "/proc/self/mountinfo": V1_MEMORY,
            "/proc/self/cgroup": "4:memory:/\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    )

    assert read_cgroups(machine).memory_limit_bytes is None


def test_hybrid_machine_has_both(tmp_path: Path) -> None:
    """Version 2 beside version 1 is told apart from either alone."""
    machine = a_machine(
        tmp_path,
        {
            "/proc/self/mountinfo": f"{V1_MEMORY}\n{V2_BESIDE}\n",
            "/proc/self/cgroup": "4:memory:/\n0::/\n",
        },
    )

    found = read_cgroups(machine)

    assert (found.layout, found.folder) == (CgroupLayout.HYBRID, "/sys/fs/cgroup/unified")


@pytest.mark.parametrize(
    ("root", "group", "folder"),
    [
        ("/", "/a/b", "/sys/fs/cgroup/a/b"),
        ("/", "/", "/sys/fs/cgroup"),
        ("/docker/abc", "/docker/abc", "/sys/fs/cgroup"),
        ("/docker/abc", "/docker/abc/x", "/sys/fs/cgroup/x"),
        ("/docker/abc", "/docker/other", None),
        ("/", "/../outside", None),
        ("/", "relative", None),
    ],
)
def test_a_group_is_looked_for_inside_its_tree_alone(
    root: str, group: str, folder: str | None
) -> None:
    """A container sees its part of the tree; what lies outside has no folder there."""
    mount = CgroupMount(is_v2=True, root=root, point="/sys/fs/cgroup", options=frozenset())

    assert folder_of(mount, group) == folder


def test_blanks_in_a_mount_point_are_read_back() -> None:
    """The kernel writes a blank as three octal digits."""
    (mount,) = parse_mounts(r"1 2 0:3 /a\040b /mnt/c\134d rw - cgroup2 none rw")

    assert (mount.root, mount.point) == ("/a b", "/mnt/c\\d")


LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from([V2, V2_BESIDE, V1_MEMORY, V1_PIDS, DISK]).flatmap(
            lambda line: st.integers(0, len(line)).map(lambda end: line[:end])
        ),
        st.builds("{}:{}:{}".format, st.integers(), st.text(max_size=8), st.text(max_size=20)),
    ),
    max_size=6,
).map("\n".join)


@given(mounts=LINES, groups=LINES)
def test_no_listing_breaks_the_reader(mounts: str, groups: str) -> None:
    """Whatever the pages hold, reading ends with an answer, and folders stay in their tree."""
    for mount in parse_mounts(mounts):
        for group in parse_membership(groups).values():
            folder = folder_of(mount, group)
            assert folder is None or ".." not in folder.removeprefix(mount.point).split("/")
