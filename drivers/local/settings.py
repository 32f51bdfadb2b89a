"""What an operator chooses about the Local driver."""

import sys
from dataclasses import dataclass, field
from enum import StrEnum

from drivers.guest.layers import LANDLOCK
from sanderling.kernel.units import MIB

NOBODY = 65534


class ExtraWall(StrEnum):
    """Whether a wall that nothing depends on is put up: where it can be had, or never."""

    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Experiment:
    """What only tests of the walls change; every field takes something away, none adds.

    A layer in `removed` is left out, so that its proof fails and the driver refuses to start; an
    extra one is then not available.
    `is_raw` switches the language layer off: sources run as plain Python behind the remaining
    walls, and every outcome says isolation none.
    """

    removed: frozenset[str] = frozenset()
    is_raw: bool = False


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How the driver runs; the defaults fit a small server.

    `spares` workers are kept ready, `queue_limit` calls may wait for one, at most
    `queue_wait_s` seconds each. `memory_budget_bytes` bounds the sum of the memory limits of all
    workers that serve a function. `accept_missing` may hold landlock and nothing else. `uid` is
    who workers are when the driver runs as root. All workers of a zygote share its address layout
    and hash seed: a new one takes over after `zygote_age_s` seconds or `zygote_forks` forks. A
    worker of a reused function serves at most `reuse_calls` calls and waits at most `reuse_idle_s`
    seconds for the next one. `namespaces` and
    `cgroup` are extra walls. In a control group all workers share `cpus` processors; 0 is no bound.
    """

    spares: int = 4
    queue_limit: int = 64
    queue_wait_s: float = 5.0
    memory_budget_bytes: int = 1024 * MIB
    accept_missing: frozenset[str] = frozenset()
    python: str = sys.executable
    uid: int = NOBODY
    start_s: float = 15.0
    zygote_age_s: float = 3600.0
    zygote_forks: int = 50_000
    reuse_calls: int = 1000
    reuse_idle_s: float = 60.0
    reuse_growth_bytes: int = 16 * MIB
    namespaces: ExtraWall = ExtraWall.AUTO
    cgroup: ExtraWall = ExtraWall.AUTO
    cpus: float = 0.0
    bytecode_items: int = 512
    bytecode_bytes: int = 64 * MIB
    experiment: Experiment = field(default_factory=Experiment)

    @property
    def may_miss(self) -> frozenset[str]:
        """The layers whose absence the operator accepts; no other than landlock ever."""
        return self.accept_missing & {LANDLOCK}
