"""The whole product in memory: services over twins, two workspaces, keys, and an HTTP client."""

import itertools
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from config.trials import TrialName, Trials
from config.variables import LogLevel, Settings
from drivers.memory import Handler, MemoryDriver
from drivers.port import Deployment, Health, HealthState
from jobs.catalogue import wanted_jobs
from jobs.jobs import Jobs
from jobs.memory import MemoryJobStore
from jobs.memory_heartbeats import MemoryHeartbeatStore
from runner.calls import Calls
from runner.dispatch import Dispatch
from runner.executions.joining import Ground, Joined, join
from runner.executions.memory import MemoryExecutionStore, MemoryIdempotencyKeys
from runner.executions.progress import MemoryProgress
from runner.exports import Exports
from runner.function import RateLimit
from runner.functions import Functions
from runner.gate import Gate
from runner.limit_policy import LimitPolicy
from runner.memory import MemoryCallLog, MemoryFunctionStore
from runner.pipeline import Pipeline
from runner.ports import CallLog, FunctionStore
from runner.record import Record
from runner.replays import Replays
from runner.retention import Retention, RetentionPolicy
from runner.target import Targets
from runner.triggers.door import Door
from runner.triggers.memory import MemoryTriggerStore
from runner.triggers.memory_outbox import MemoryRecordOutbox
from runner.triggers.outbox import RecordOutbox
from runner.triggers.ports import TriggerStore
from runner.triggers.record_events import RecordEvents
from runner.triggers.routes import Routes
from runner.triggers.triggers import Triggers
from sanderling.access.keys import Keys
from sanderling.access.memory import MemoryKeyStore
from sanderling.access.permission import Permissions
from sanderling.access.ports import KeyStore
from sanderling.access.principal import Role
from sanderling.access.principals import KeyPrincipals
from sanderling.access.roles import RolePermissions
from sanderling.api import Services, create_app
from sanderling.docket import MemoryEngine
from sanderling.fairness.cap import Shares
from sanderling.fairness.memory import MemoryTurns
from sanderling.kernel.clock import Clock, VirtualClock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import SortableIds, WorkspaceId
from sanderling.metering.gcra import MemoryLimiter
from sanderling.wiring.executions import Stations
from support.desk import Desk
from support.doorstep import Doorstep

GENEROUS = RateLimit(limit=1_000_000, ttl_ms=1000)
MAX_BODY_BYTES = 1_000_000
POLICY = LimitPolicy(api_short=GENEROUS, api_long=GENEROUS, function_default=GENEROUS)


def counting_bits() -> "itertools.count[int]":
    """Return a source of predictable numbers."""
    return itertools.count(1)


async def _try_nothing(settings: Settings) -> str:
    """Pass, but for settings that are at the lowest level of the log."""
    if settings.log_level is LogLevel.DEBUG:
        raise StoreUnavailableError(reason="it is away")
    return "All is well."


@dataclass(frozen=True, slots=True)
class House:
    """Services over memory twins, with what tests reach for behind them."""

    services: Services
    joined: Joined
    clock: VirtualClock
    driver: MemoryDriver
    keys: Keys
    desk: Desk
    doorstep: Doorstep
    workspace_id: WorkspaceId
    other_workspace_id: WorkspaceId

    async def key(
        self,
        role: Role = Role.ADMIN,
        *,
        workspace_id: WorkspaceId | None = None,
        is_server_admin: bool = False,
    ) -> str:
        """Return the text of a new API key, by default of an admin of the first workspace."""
        made = await self.keys.create(
            workspace_id or self.workspace_id,
            name="test",
            role=role,
            is_server_admin=is_server_admin,
        )
        return made.text


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a house keeps things, with the two workspaces that are known there."""

    functions: FunctionStore
    calls: CallLog
    keys: KeyStore
    triggers: TriggerStore
    outbox: RecordOutbox
    workspace_ids: tuple[WorkspaceId, WorkspaceId]


def memory_stores(clock: Clock) -> Stores:
    """Return stores that live as long as the test."""
    ids = SortableIds(clock)
    functions = MemoryFunctionStore()
    return Stores(
        functions=functions,
        calls=MemoryCallLog(),
        keys=MemoryKeyStore(),
        triggers=MemoryTriggerStore(functions),
        outbox=MemoryRecordOutbox(),
        workspace_ids=(ids.workspace(), ids.workspace()),
    )


async def _is_well() -> Health:
    return Health(HealthState.OK)


def build_house(
    *,
    handlers: Mapping[str, Handler] | None = None,
    rejections: Mapping[str, Deployment] | None = None,
    policy: LimitPolicy = POLICY,
    stores: Stores | None = None,
    clock: VirtualClock | None = None,
    permissions: Permissions | None = None,
) -> House:
    """Return everything joined, by default over memory twins and a virtual clock."""
    clock = clock or VirtualClock()
    stores = stores or memory_stores(clock)
    bus, permissions = EventBus(), permissions or RolePermissions()
    bits = counting_bits()
    ids = SortableIds(clock, lambda _: next(bits))
    driver = MemoryDriver(handlers, rejections=rejections)
    desk, doorstep = Desk(), Doorstep(clock, ids)
    gate = Gate(KeyPrincipals(stores.keys, clock), permissions, MemoryLimiter(clock), policy, clock)
    targets = Targets(stores.functions, policy, clock, bus)
    dispatch = Dispatch(driver, stores.functions)
    record = Record(stores.calls, bus, ids, clock)
    pipeline = Pipeline(gate, targets, dispatch, record, bus)
    stations = Stations(gate, targets, dispatch, record, pipeline, stores.calls, permissions, bus)
    joined, calls = _joined(stations, ids, clock), Calls(stores.calls, permissions)
    services = Services(
        gate=gate,
        pipeline=pipeline,
        submission=joined.submission,
        executions=joined.executions,
        once=joined.once,
        functions=Functions(stores.functions, driver, ids, clock, bus, permissions),
        calls=calls,
        exports=Exports(calls),
        replays=Replays(stores.calls, gate, targets, pipeline),
        retention=Retention(MemoryCallLog(), clock, bus, RetentionPolicy()),
        triggers=Triggers(stores.triggers, stores.functions, ids, clock, bus, permissions),
        door=Door(Routes(stores.triggers, clock, bus), gate, pipeline, joined.submission),
        record_events=RecordEvents(stores.outbox, clock, bus, permissions),
        configuration=desk.configuration,
        jobs=_jobs(clock),
        accounts=doorstep.accounts,
        sync_records=doorstep.records,
        attachments=doorstep.attachments,
        trials=Trials({TrialName.REDIS: _try_nothing}, clock),
        permissions=permissions,
        readiness={"database": _is_well, "driver": driver.health},
        ids=ids,
        clock=clock,
        bus=bus,
        default_workspace_id=lambda: stores.workspace_ids[0],
        version="0.0.test",
        max_body_bytes=MAX_BODY_BYTES,
    )
    keys = Keys(stores.keys, ids, clock, lambda _: next(bits))
    return House(services, joined, clock, driver, keys, desk, doorstep, *stores.workspace_ids)


def _jobs(clock: Clock) -> Jobs:
    """Return what the default settings want; no worker is there to run it."""
    return Jobs(
        MemoryJobStore(), MemoryHeartbeatStore(clock), clock, wanted=wanted_jobs(Settings())
    )


def _joined(stations: Stations, ids: SortableIds, clock: VirtualClock) -> Joined:
    """Return executions over twins; nothing runs before a test says so."""
    keys = MemoryIdempotencyKeys()
    tokens = itertools.count()
    ground = Ground(
        store=MemoryExecutionStore(keys),
        keys=keys,
        progress=MemoryProgress(clock),
        turns=MemoryTurns(Shares(), clock, token=lambda: str(next(tokens))),
        engine=MemoryEngine(clock, drain_s=1.0),
        gate=stations.gate,
        targets=stations.targets,
        dispatch=stations.dispatch,
        record=stations.record,
        pipeline=stations.pipeline,
        call_log=stations.call_log,
        permissions=stations.permissions,
        ids=ids,
        clock=clock,
        bus=stations.bus,
        random=lambda: 0.5,
        worker="test",
    )
    return join(ground, on_wait=lambda: None)


@asynccontextmanager
async def open_http(house: House, key: str | None = None) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield an HTTP client that speaks to the app in this process, with `key` when given."""
    transport = httpx2.ASGITransport(create_app(house.services), raise_app_exceptions=True)
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://sanderling.test", headers=headers
    ) as http:
        yield http
