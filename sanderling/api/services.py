"""What the HTTP edge needs; wiring fills it in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from config.configuration import Configuration
from config.trials import Trials
from drivers.port import Health
from runner.calls import Calls
from runner.functions import Functions
from runner.gate import Gate
from runner.pipeline import Pipeline
from runner.triggers.triggers import Triggers
from sanderling.access.permission import Permissions
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import Ids
from sanderling.kernel.units import KIB, MIB

HealthCheck = Callable[[], Awaitable[Health]]

MAX_BODY_BYTES = 7 * MIB + 64 * KIB
"""The largest event and the largest source fit, with room for how JSON writes a source."""


@dataclass(frozen=True, slots=True)
class Services:
    """The use-cases that routes call, and the parts whose health is told.

    `readiness` names each part, for example `store` and `driver`; a check says how that part is
    now and may be asked at any time. `version` is the product's, told in the metrics.
    """

    gate: Gate
    pipeline: Pipeline
    functions: Functions
    calls: Calls
    triggers: Triggers
    configuration: Configuration
    trials: Trials
    permissions: Permissions
    readiness: Mapping[str, HealthCheck]
    ids: Ids
    clock: Clock
    bus: EventBus
    version: str = "0"
    max_body_bytes: int = MAX_BODY_BYTES
