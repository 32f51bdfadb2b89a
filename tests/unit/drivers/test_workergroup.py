"""The control group of the workers: limits are read back, and what fails stops nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.guest.layers import PROVEN, UNAVAILABLE
from drivers.local.footprint import needed_bytes, needed_processes
from drivers.local.settings import Experiment, ExtraWall, LocalSettings
from drivers.local.workergroup import WorkerGroup, set_limits
from support.machine_tree import a_machine

MOUNT = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw"
SERVICE = "/sys/fs/cgroup/system.slice/app.service"
SETTINGS = LocalSettings()
PID = 4711


def files_of(
    folder: str, *, controllers: str = "cpu memory pids", given: str = ""
) -> dict[str, str]:
    """Return the files of one group, as they are on a disk instead of in the kernel."""
    return {
        f"{folder}/cgroup.controllers": controllers,
        f"{folder}/cgroup.subtree_control": given,
        f"{folder}/cgroup.procs": "",
    }


def opened(root: Path, files: dict[str, str], settings: LocalSettings = SETTINGS) -> WorkerGroup:
    """Return a group that was opened on a machine with these files."""
    place = {"/proc/self/mountinfo": MOUNT, "/proc/self/cgroup": "0::/system.slice/app.service"}
    group = WorkerGroup(settings, a_machine(root, {**place, **files}))
    group.open()
    return group


def made_in(root: Path) -> Iterator[Path]:
    """Yield the folders of groups that were made for workers."""
    return (root / "sys/fs/cgroup").rglob("sanderling-*")


def test_limits_are_set_and_the_zygote_is_moved_in(tmp_path: Path) -> None:
    """In a delegated group a child is made; it is proven once a zygote is inside."""
    group = opened(tmp_path, files_of(SERVICE))
    before = group.proof.state
    group.admit(PID)

    (folder,) = made_in(tmp_path)
    assert (before, group.proof.state) == (UNAVAILABLE, PROVEN)
    assert (folder / "memory.max").read_text() == str(needed_bytes(SETTINGS))
    assert (folder / "pids.max").read_text() == str(needed_processes(SETTINGS))
    assert (folder / "cgroup.procs").read_text() == str(PID)
    assert not (folder / "cpu.max").exists()
    given = (folder.parent / "cgroup.subtree_control").read_text()
    assert given == "+memory +pids"
    assert f"memory.max {needed_bytes(SETTINGS)}" in group.proof.how


def test_processors_are_bounded_when_asked_for(tmp_path: Path) -> None:
    """Half a processor is half of each period."""
    opened(tmp_path, files_of(SERVICE), LocalSettings(cpus=0.5))

    (folder,) = made_in(tmp_path)
    assert (folder / "cpu.max").read_text() == "50000 100000"


def test_controllers_that_are_given_already_are_left_alone(tmp_path: Path) -> None:
    """Nothing is written where nothing is missing."""
    opened(tmp_path, files_of(SERVICE, given="memory pids"))

    assert (tmp_path / SERVICE[1:] / "cgroup.subtree_control").read_text() == "memory pids"


def test_a_group_that_holds_the_host_is_left_for_the_one_above(tmp_path: Path) -> None:
    """A group with processes cannot give controllers; the group above may be delegated, too."""
    files = files_of(SERVICE) | files_of("/sys/fs/cgroup/system.slice")
    del files[f"{SERVICE}/cgroup.subtree_control"]
    # Writing there fails, as in the kernel where processes are inside.
    (tmp_path / SERVICE[1:] / "cgroup.subtree_control").mkdir(parents=True)

    group = opened(tmp_path, files)
    group.admit(PID)

    (folder,) = made_in(tmp_path)
    assert folder.parent.name == "system.slice"
    assert group.proof.state == PROVEN


@pytest.mark.parametrize("missing", ["memory", "pids"])
def test_a_missing_controller_is_named(tmp_path: Path, missing: str) -> None:
    """Without both controllers there is no group."""
    controllers = " ".join({"cpu", "memory", "pids"} - {missing})
    group = opened(tmp_path, files_of(SERVICE, controllers=controllers))

    assert group.proof.state == UNAVAILABLE
    assert f"no controller {missing}" in group.proof.how
    assert list(made_in(tmp_path)) == []


def test_a_limit_that_reads_back_otherwise_is_not_proven(tmp_path: Path) -> None:
    """What the kernel made of a limit counts, not what was asked."""
    (tmp_path / "memory.max").symlink_to("/dev/null")

    with pytest.raises(OSError, match=r"memory\.max is  instead of 5"):
        set_limits(tmp_path, {"memory.max": "5"})


def test_a_machine_without_version_2_is_told(tmp_path: Path) -> None:
    """Nothing is made, and admitting a process does nothing."""
    group = WorkerGroup(SETTINGS, a_machine(tmp_path))
    group.open()
    group.admit(os.getpid())

    assert group.proof.state == UNAVAILABLE
    assert "no group of version 2 (mounted: none)" in group.proof.how


def test_a_process_that_cannot_be_moved_is_told(tmp_path: Path) -> None:
    """When moving fails the wall is not there, and nothing raises."""
    group = opened(tmp_path, files_of(SERVICE))
    (folder,) = made_in(tmp_path)
    (folder / "cgroup.procs").mkdir()

    group.admit(PID)

    assert group.proof.state == UNAVAILABLE
    assert "moving a process in" in group.proof.how


@pytest.mark.parametrize(
    "settings",
    [
        LocalSettings(cgroup=ExtraWall.OFF),
        LocalSettings(experiment=Experiment(removed=frozenset({"cgroup"}))),
    ],
)
def test_switched_off_nothing_is_touched(tmp_path: Path, settings: LocalSettings) -> None:
    """Neither group nor controller is changed."""
    group = opened(tmp_path, files_of(SERVICE), settings)

    assert group.proof.state == UNAVAILABLE
    assert list(made_in(tmp_path)) == []
    assert (tmp_path / SERVICE[1:] / "cgroup.subtree_control").read_text() == ""


@pytest.mark.skipif(os.getuid() != 0, reason="for others permissions tell what was delegated")
def test_root_stays_out_of_what_systemd_keeps(tmp_path: Path) -> None:
    """Root could write anywhere in the tree; without the mark of delegation nothing is made."""
    group = opened(tmp_path, {**files_of(SERVICE), "/run/systemd/system/here": ""})

    assert group.proof.state == UNAVAILABLE
    assert "systemd did not delegate it" in group.proof.how
    assert list(made_in(tmp_path)) == []


async def test_the_group_is_removed_at_the_end(tmp_path: Path) -> None:
    """Once it is empty it goes, and closing again is no fault."""
    group = opened(tmp_path, files_of(SERVICE))
    (folder,) = made_in(tmp_path)
    for file in folder.iterdir():
        file.unlink()  # the kernel's own files go with their folder; these do not.

    await group.close()
    await group.close()

    assert not folder.exists()
