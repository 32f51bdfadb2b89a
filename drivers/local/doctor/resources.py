"""Judges what this process was given: user, container, control group, limits, memory."""

import resource

from drivers.local.cgroups import CgroupLayout, Cgroups
from drivers.local.doctor.surroundings import Hint
from drivers.local.footprint import needed_bytes
from drivers.local.settings import LocalSettings
from sanderling.kernel.findings import Finding, Standing
from sanderling.kernel.units import MIB

_TYPICAL_CALL_BYTES = 64 * MIB
_FILES_FOR_A_WORKER = 4
_FILES_FOR_THE_REST = 256
_PROCESSES_FOR_THE_REST = 16
_DELEGATED = ("memory", "pids")

# Bounds that everything we start inherits, and what a finite one does.
_INHERITED = (
    ("RLIMIT_AS", "address space", "workers with larger limits fail to start"),
    ("RLIMIT_CPU", "CPU time", "the server itself is ended by it"),
    ("RLIMIT_FSIZE", "size of files", "the database cannot grow beyond it"),
)


def check_identity(status: dict[str, str]) -> list[Finding]:
    """Warn of root: workers give it up, the server does not."""
    uid = status.get("Uid", "").split()[:1]
    held = int(status.get("CapEff", "0") or "0", 16)
    findings = [
        Finding(
            "process",
            "capabilities",
            Standing.INFO,
            f"{held.bit_count()} capabilities; workers hold none" if held else "none",
            value=f"{held:x}",
        )
    ]
    if uid == ["0"]:
        detail = "root; workers become another user, the server stays root"
        advice = "Run as a user of its own."
        return [Finding("process", "user", Standing.WARNING, detail, advice, 0), *findings]
    value = int(uid[0]) if uid else None
    detail = "not root" if value is None else f"user {value}"
    return [Finding("process", "user", Standing.OK, detail, value=value), *findings]


def check_hints(name: str, hints: tuple[Hint, ...]) -> Finding:
    """Tell what hints at a container or at gVisor, and where that was seen."""
    if not hints:
        return Finding("process", name, Standing.INFO, "nothing hints at one", value=[])
    seen = ", ".join(f"{hint.what} (seen in {hint.seen_in})" for hint in hints)
    return Finding("process", name, Standing.INFO, seen, value=[hint.what for hint in hints])


def check_cgroups(cgroups: Cgroups) -> Finding:
    """Tell whether the kernel can bound all workers together; each is bounded in any case."""
    able = cgroups.is_delegated and set(_DELEGATED) <= set(cgroups.controllers)
    seen = (
        f"controllers {' '.join(cgroups.controllers)}" if cgroups.controllers else "no controller"
    )
    delegated = "delegated" if cgroups.is_delegated else "not delegated"
    version = {
        CgroupLayout.NONE: "none is mounted",
        CgroupLayout.V1: "version 1",
        CgroupLayout.V2: f"version 2, {delegated}, {seen}",
        CgroupLayout.HYBRID: f"version 1 with version 2 beside it, {delegated}, {seen}",
    }[cgroups.layout]
    rest = "" if able else "; memory is bounded for each worker and admitted by the host"
    return Finding("process", "cgroup", Standing.INFO, version + rest, value=cgroups.layout.value)


def check_rlimits(limits: dict[str, int], settings: LocalSettings) -> list[Finding]:
    """Warn of limits on this process that are too low for what the settings promise."""
    workers = settings.spares + settings.memory_budget_bytes // _TYPICAL_CALL_BYTES
    findings = [
        _at_least(
            "open_files",
            limits.get("RLIMIT_NOFILE", resource.RLIM_INFINITY),
            workers * _FILES_FOR_A_WORKER + _FILES_FOR_THE_REST,
        ),
        _at_least(
            "processes",
            limits.get("RLIMIT_NPROC", resource.RLIM_INFINITY),
            workers + _PROCESSES_FOR_THE_REST,
        ),
    ]
    for name, what, effect in _INHERITED:
        limit = limits.get(name, resource.RLIM_INFINITY)
        if limit != resource.RLIM_INFINITY:
            detail, advice = f"{limit}: {effect}", f"Start without a limit on {what}."
            found = Finding("limits", name.lower(), Standing.WARNING, detail, advice, limit)
            findings.append(found)
    return findings


def _at_least(name: str, limit: int, needed: int) -> Finding:
    if limit == resource.RLIM_INFINITY:
        return Finding("limits", name, Standing.OK, "unlimited")
    if limit >= needed:
        return Finding("limits", name, Standing.OK, f"{limit}", value=limit)
    detail = f"{limit}, and a full server takes about {needed}"
    advice = f"Raise the limit of {name.replace('_', ' ')}."
    return Finding("limits", name, Standing.WARNING, detail, advice, limit)


def read_rlimits() -> dict[str, int]:
    """Return the soft limits of this process by name, where this system has them."""
    names = ("RLIMIT_NOFILE", "RLIMIT_NPROC", *(name for name, _, _ in _INHERITED))
    return {
        name: resource.getrlimit(getattr(resource, name))[0]
        for name in names
        if hasattr(resource, name)
    }


def check_memory(cgroups: Cgroups, physical_bytes: int | None, settings: LocalSettings) -> Finding:
    """Warn where calls could take more than there is, because then the kernel picks a victim."""
    offers = [(cgroups.memory_limit_bytes, cgroups.memory_limit_file), (physical_bytes, "RAM")]
    there_are = [(size, place) for size, place in offers if size is not None]
    needed = needed_bytes(settings)
    value = {"needed_bytes": needed, "available_bytes": None}
    if not there_are:
        detail = f"the sandbox may take {needed // MIB} MiB; how much there is was not told"
        return Finding("limits", "memory", Standing.INFO, detail, value={**value})
    size, place = min(there_are)
    detail = f"the sandbox may take {needed // MIB} MiB of {size // MIB} MiB ({place})"
    told = {**value, "available_bytes": size}
    if needed <= size:
        return Finding("limits", "memory", Standing.OK, detail, value={**told})
    advice = "Lower SANDBOX_MEMORY_BUDGET_MB, or allow the container more memory."
    return Finding("limits", "memory", Standing.WARNING, detail, advice, {**told})


def pool_findings(settings: LocalSettings) -> list[Finding]:
    """Tell the sizes of the pool."""
    budget_mib = settings.memory_budget_bytes // MIB
    sizes = (
        ("spares", settings.spares, f"{settings.spares} workers are kept ready"),
        ("queue", settings.queue_limit, f"{settings.queue_limit} calls may wait for a worker"),
        ("memory_budget", budget_mib, f"{budget_mib} MiB for all calls at once"),
    )
    return [
        Finding("pool", name, Standing.INFO, detail, value=value) for name, value, detail in sizes
    ]
