"""Puts together everything that can be found out about this machine without serving a call."""

import platform
import sys

from drivers.local.cgroups import read_cgroups
from drivers.local.doctor import kernel, resources, versions
from drivers.local.doctor.surroundings import container_hints, gvisor_hints
from drivers.local.doctor.trial import try_out
from drivers.local.machine import Machine
from drivers.local.settings import LocalSettings
from sanderling.kernel.findings import Finding, Standing

_KIB = 1024


async def examine(settings: LocalSettings, machine: Machine | None = None) -> tuple[Finding, ...]:
    """Return what was found; whatever cannot be read or tried is told as such."""
    found = [
        versions.check_patch_level(sys.version_info[:3]),
        versions.check_restricted_python(versions.installed_version("RestrictedPython")),
    ]
    if sys.platform != "linux":
        return (*found, _no_linux())
    found += await _kernel(settings, machine or Machine())
    found += _process(settings, machine or Machine())
    return (*found, *resources.pool_findings(settings))


async def _kernel(settings: LocalSettings, machine: Machine) -> list[Finding]:
    from drivers.guest.landlock import running_abi  # noqa: PLC0415 - it loads Linux calls.

    trial = await try_out(settings)
    return [
        kernel.check_kernel(platform.release()),
        kernel.check_architecture(platform.machine()),
        kernel.check_landlock(running_abi(), settings),
        kernel.check_actions(trial),
        *kernel.check_namespaces(trial),
        kernel.check_yama(machine.read_int("/proc/sys/kernel/yama/ptrace_scope")),
    ]


def _process(settings: LocalSettings, machine: Machine) -> list[Finding]:
    cgroups = read_cgroups(machine)
    return [
        *resources.check_identity(machine.status()),
        resources.check_hints("container", container_hints(machine)),
        resources.check_hints("gvisor", gvisor_hints(machine)),
        resources.check_cgroups(cgroups),
        *resources.check_rlimits(resources.read_rlimits(), settings),
        resources.check_memory(cgroups, _physical_bytes(machine), settings),
    ]


def _no_linux() -> Finding:
    system = platform.system()
    detail = f"{system} has none of the walls"
    advice = "Use a Linux container or machine."
    return Finding("kernel", "kernel", Standing.FAILED, detail, advice, system)


def _physical_bytes(machine: Machine) -> int | None:
    for line in (machine.read("/proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        size = rest.split()[:1]
        if name == "MemTotal" and size and size[0].isdigit():
            return int(size[0]) * _KIB
    return None
