"""Guesses what this process runs in, and says where each guess comes from."""

from dataclasses import dataclass

from drivers.local.machine import Machine

_MARKS = (("/.dockerenv", "Docker"), ("/run/.containerenv", "Podman"))
_VARIABLES = (
    ("KUBERNETES_SERVICE_HOST", "Kubernetes"),
    ("ECS_CONTAINER_METADATA_URI_V4", "Amazon ECS"),
    ("container", ""),
)
_WORDS = (
    ("kubepods", "Kubernetes"),
    ("docker", "Docker"),
    ("libpod", "Podman"),
    ("containerd", "containerd"),
    ("lxc", "LXC"),
)
_LISTS = ("/proc/self/cgroup", "/proc/1/cgroup", "/proc/self/mountinfo")
# What gVisor tells every guest, whatever it runs on.
_GVISOR_VERSION = "#1 SMP Sun Jan 10 15:06:54 PST 2016"


@dataclass(frozen=True, slots=True)
class Hint:
    """One guess and the place that it comes from."""

    what: str
    seen_in: str


def container_hints(machine: Machine) -> tuple[Hint, ...]:
    """Return what hints at a container, one for each place; none proves one."""
    hints = [Hint(what, path) for path, what in _MARKS if machine.has(path)]
    hints += [
        Hint(what or machine.environ[name], f"the variable {name}")
        for name, what in _VARIABLES
        if machine.environ.get(name)
    ]
    manager = machine.read("/run/systemd/container")
    if manager:
        hints.append(Hint(manager, "/run/systemd/container"))
    for path in _LISTS:
        text = machine.read(path) or ""
        found = next((what for word, what in _WORDS if word in text), None)
        if found is not None:
            hints.append(Hint(found, path))
    return tuple(hints)


def gvisor_hints(machine: Machine) -> tuple[Hint, ...]:
    """Return what hints at gVisor in the place of the kernel."""
    version = machine.read("/proc/version") or ""
    if "gVisor" in version or _GVISOR_VERSION in version:
        return (Hint("gVisor", "/proc/version"),)
    return ()
