"""What one call may use: documented defaults and the ceilings an operator cannot pass."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from sanderling.kernel.errors import Refusal
from sanderling.kernel.units import KIB, MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one call; sizes in bytes, times in seconds.

    `cpu_s` and `memory_bytes` bound the guest alone; memory counts on top of an idle worker.
    `capability_calls` bounds requests of the guest to its host. There are no capabilities yet, so
    any such request breaks the protocol and ends the call.
    """

    wall_s: float = 5.0
    cpu_s: float = 1.0
    memory_bytes: int = 64 * MIB
    event_bytes: int = 256 * KIB
    result_bytes: int = 256 * KIB
    log_bytes: int = 64 * KIB
    source_bytes: int = 256 * KIB
    ast_nodes: int = 50_000
    ast_depth: int = 80
    capability_calls: int = 50

    def __post_init__(self) -> None:
        """Refuse a limit of zero or less and one above its ceiling.

        Raises:
            LimitRefused: the first limit that is out of range.

        """
        for field in fields(self):
            asked: float = getattr(self, field.name)
            ceiling = CEILINGS[field.name]
            if not 0 < asked <= ceiling:
                raise LimitRefused(name=field.name, asked=asked, ceiling=ceiling)


CEILINGS: Mapping[str, float] = {
    "wall_s": 60.0,
    "cpu_s": 10.0,
    "memory_bytes": 512 * MIB,
    "event_bytes": 6 * MIB,
    "result_bytes": 6 * MIB,
    "log_bytes": 1 * MIB,
    "source_bytes": 1 * MIB,
    "ast_nodes": 200_000,
    "ast_depth": 160,
    "capability_calls": 1000,
}


class LimitRefused(Refusal):
    """The limit {name} cannot be {asked}.

    Choose a value above 0 and at most {ceiling}.
    """

    code: ClassVar[str] = "limit_refused"

    def __init__(self, *, name: str, asked: float, ceiling: float) -> None:
        """Keep the name of the limit, what was asked for and the most that is allowed."""
        super().__init__(name=name, asked=asked, ceiling=ceiling)
