"""How much the sandbox takes at most, all processes together."""

from drivers.local.compiler import MOST_COMPILING_BYTES
from drivers.local.settings import LocalSettings
from sanderling.kernel.units import MIB

# Three zygotes and a successor beside each, and what each idle worker has for itself: measured,
# then rounded up.
_ZYGOTES_BYTES = 96 * MIB
_SPARE_BYTES = 4 * MIB
_SMALLEST_CALL_BYTES = 4 * MIB
_PROCESSES_BESIDE = 64
_POOLS = 2


def needed_bytes(settings: LocalSettings) -> int:
    """Return what the sandbox may take at most: calls, compilations, zygotes and spares."""
    spares_bytes = (_POOLS * settings.spares + 1) * _SPARE_BYTES
    return settings.memory_budget_bytes + MOST_COMPILING_BYTES + _ZYGOTES_BYTES + spares_bytes


def needed_processes(settings: LocalSettings) -> int:
    """Return how many processes the sandbox may have: calls as small as they come, and the rest."""
    calls = settings.memory_budget_bytes // _SMALLEST_CALL_BYTES
    return calls + _POOLS * settings.spares + _PROCESSES_BESIDE
