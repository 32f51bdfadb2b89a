"""What the doctor is told about the sandbox, as values."""

from dataclasses import dataclass
from enum import StrEnum


class LayerState(StrEnum):
    """How a layer stands."""

    PROVEN = "proven"
    MISSING = "missing"
    WAIVED = "waived"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class LayerReport:
    """One layer; `how` says how it was proven, or what is wrong."""

    name: str
    state: LayerState
    is_required: bool
    how: str


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """What can be had on this machine; `required_ok` means that the driver would start.

    `extras` are walls that nothing depends on.
    """

    system: str
    kernel: str
    machine: str
    python: str
    restricted_python: str
    landlock_abi: int
    has_seccomp: bool
    layers: tuple[LayerReport, ...]
    required_ok: bool
    extras: tuple[LayerReport, ...] = ()
    problem: str = ""
