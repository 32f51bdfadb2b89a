"""Hints at containers say where they were seen, and no page has to be there."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.local.doctor.surroundings import Hint, container_hints, gvisor_hints
from drivers.local.machine import Machine
from support.machine_tree import a_machine


def test_an_empty_machine_hints_at_nothing(tmp_path: Path) -> None:
    """Where no page is there, nothing is guessed and nothing raises."""
    machine = a_machine(tmp_path)

    assert container_hints(machine) == gvisor_hints(machine) == ()
    assert machine.status() == {}
    assert machine.read("/proc/version") is None
    assert not machine.may_write("/sys/fs/cgroup")


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("/.dockerenv", "", "Docker"),
        ("/run/.containerenv", "", "Podman"),
        ("/run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
        ("/proc/self/cgroup", "0::/kubepods/burstable/pod1\n", "Kubernetes"),
        ("/proc/1/cgroup", "1:cpu:/docker/abc\n", "Docker"),
        (
            "/proc/self/mountinfo",
            "1 2 0:3 / / rw - overlay o lower=/var/lib/containerd/x",
            "containerd",
        ),
    ],
)
def test_each_place_is_named(tmp_path: Path, path: str, text: str, what: str) -> None:
    """A hint carries the page that it was seen in."""
    assert container_hints(a_machine(tmp_path, {path: text})) == (Hint(what, path),)


def test_variables_are_named_without_their_values(tmp_path: Path) -> None:
    """A variable of a container platform is a hint; only `container` says itself what it is."""
    machine = a_machine(tmp_path, KUBERNETES_SERVICE_HOST="10.0.0.1", container="lxc")

    assert container_hints(machine) == (
        Hint("Kubernetes", "the variable KUBERNETES_SERVICE_HOST"),
        Hint("lxc", "the variable container"),
    )


@pytest.mark.parametrize(
    "version", ["Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016", "Linux gVisor"]
)
def test_gvisor_is_known_by_its_version(tmp_path: Path, version: str) -> None:
    """The page that gVisor makes up gives it away."""
    assert gvisor_hints(a_machine(tmp_path, {"/proc/version": version})) == (
        Hint("gVisor", "/proc/version"),
    )


def test_a_folder_where_a_file_should_be_is_no_fault(tmp_path: Path) -> None:
    """A path that cannot be read is as good as absent."""
    (tmp_path / "proc" / "version").mkdir(parents=True)

    assert gvisor_hints(Machine(tmp_path, {})) == ()


@given(number=st.text(max_size=12))
def test_only_plain_numbers_are_read_as_such(
    number: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`max`, signs and strange digits are no number."""
    machine = a_machine(tmp_path_factory.mktemp("machine"), {"/n": number})

    read = machine.read_int("/n")

    assert read is None or str(read) == (number.strip().lstrip("0") or "0")
