"""What the owner of zygotes does with each of them."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.local.proofs import ZygoteReport
from drivers.local.walls import Walls


@dataclass(frozen=True, slots=True)
class Supervision:
    """Two questions to the owner.

    `on_spawn` is given the process id before anything is forked. `on_report` is given the report
    before workers are asked for, returns the walls around them, and raises DriverError to refuse.
    """

    on_spawn: Callable[[int], None]
    on_report: Callable[[ZygoteReport], Walls]
