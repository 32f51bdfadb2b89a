"""What the HTTP edge needs; wiring fills it in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from config.configuration import Configuration
from config.trials import Trials
from drivers.port import Health
from jobs.accounts.accounts import Accounts
from jobs.accounts.attachments import Attachments
from jobs.jobs import Jobs
from jobs.push.door import PushDoor
from jobs.sync.records import SyncRecords
from runner.calls import Calls
from runner.executions.executions import Executions
from runner.executions.once import Once
from runner.executions.submission import Submission
from runner.exports import Exports
from runner.functions import Functions
from runner.gate import Gate
from runner.pipeline import Pipeline
from runner.replays import Replays
from runner.retention import Retention
from runner.triggers.door import Door
from runner.triggers.record_events import RecordEvents
from runner.triggers.triggers import Triggers
from sanderling.access.permission import Permissions
from sanderling.kernel.clock import Clock
from sanderling.kernel.engine import Engine
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import Ids, WorkspaceId
from sanderling.kernel.units import KIB, MIB

HealthCheck = Callable[[], Awaitable[Health]]

MAX_BODY_BYTES = 7 * MIB + 64 * KIB
"""The largest event and the largest source fit, with room for how JSON writes a source."""


async def believe_nobody(_token: str) -> bool:
    """Claim that nobody's token is Google's."""
    return False


@dataclass(frozen=True, slots=True)
class Services:
    """The use-cases that routes call, and the parts whose health is told.

    `readiness` names each part, for example `store` and `driver`; a check says how that part is
    now and may be asked at any time. `default_workspace_id` tells the one workspace of single
    mode, and raises `StoreUnavailableError` while nobody knows it. `version` is the product's,
    told in the metrics, where `function_metrics_limit` functions have series of their own.
    `push` takes what providers tell; None where nobody does.
    `is_signed` claims that a token of Pub/Sub was made by Google for this instance, and raises
    `ProviderFault` while nobody can tell.
    `stopping` is set when the server takes no more requests: what only waits then ends.
    """

    gate: Gate
    pipeline: Pipeline
    functions: Functions
    calls: Calls
    exports: Exports
    replays: Replays
    retention: Retention
    triggers: Triggers
    door: Door
    submission: Submission
    executions: Executions
    once: Once
    record_events: RecordEvents
    configuration: Configuration
    jobs: Jobs
    accounts: Accounts
    sync_records: SyncRecords
    attachments: Attachments
    trials: Trials
    permissions: Permissions
    readiness: Mapping[str, HealthCheck]
    ids: Ids
    clock: Clock
    bus: EventBus
    default_workspace_id: Callable[[], WorkspaceId]
    version: str = "0"
    engine: Engine | None = None
    push: PushDoor | None = None
    is_signed: Callable[[str], Awaitable[bool]] = believe_nobody
    function_metrics_limit: int = 0
    max_body_bytes: int = MAX_BODY_BYTES
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
