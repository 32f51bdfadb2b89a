"""Puts the parts together and takes them apart again, in order."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from config.configuration import Configuration
from config.snapshot import Snapshot
from config.variables import Settings
from drivers.port import Driver
from runner.calls import Calls
from runner.dispatch import Dispatch
from runner.function import RateLimit
from runner.functions import Functions
from runner.gate import Gate
from runner.gcra import MemoryLimiter
from runner.limit_policy import LimitPolicy
from runner.pipeline import Pipeline
from runner.ports import CallLog
from runner.record import Record
from runner.target import Targets
from sanderling.access.keys import Keys
from sanderling.access.principal import Operator
from sanderling.access.principals import KeyPrincipals
from sanderling.access.roles import RolePermissions
from sanderling.api.services import Services
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import WorkspaceId
from sanderling.store import (
    SQLCallLog,
    SQLConfigStore,
    SQLFunctionStore,
    SQLKeyStore,
    SQLWorkspaces,
    health,
)
from sanderling.wiring.drivers import build_driver
from sanderling.wiring.foundation import Foundation, open_foundation
from sanderling.wiring.hints import build_hints
from sanderling.wiring.sealer import sealer_of
from sanderling.wiring.trials import build_trials
from sanderling.wiring.unavailable import started


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that runs in one process, started and joined.

    `operator` is the credential of whoever runs the process, in the default workspace.
    """

    services: Services
    keys: Keys
    workspaces: SQLWorkspaces
    driver: Driver
    operator: Operator
    default_workspace_id: WorkspaceId


@asynccontextmanager
async def open_runtime(
    snapshot: Snapshot,
    *,
    process: str,
    run_migrations: bool = True,
    driver: Driver | None = None,
) -> AsyncGenerator[Runtime]:
    """Yield the running parts; `process` is what messages name as the one to restart.

    `driver` stands in for the one that the settings name; it must not have been started.
    When the driver cannot start the rest runs all the same: calls get the outcome
    `misconfigured` and readiness says why. On the way out calls in flight finish, their records
    are written, and the database is closed, in this order.

    Raises:
        ConfigRejected: a setting asks for what there is not.
        HomeUnusableError: the home cannot be made.
        StoreUnavailableError: the database is away.

    """
    settings = snapshot.settings
    chosen = driver or build_driver(settings, process=process)
    async with (
        open_foundation(settings, run_migrations=run_migrations) as foundation,
        SQLCallLog(foundation.database, foundation.clock) as call_log,
        started(chosen) as running,
    ):
        yield Runtime(
            services=_services(snapshot, foundation, call_log, running),
            keys=foundation.keys,
            workspaces=foundation.workspaces,
            driver=running,
            operator=Operator(foundation.default_workspace_id),
            default_workspace_id=foundation.default_workspace_id,
        )


def _services(
    snapshot: Snapshot, foundation: Foundation, call_log: CallLog, driver: Driver
) -> Services:
    settings = snapshot.settings
    clock, ids, database = foundation.clock, foundation.ids, foundation.database
    bus, permissions, store = EventBus(), RolePermissions(), SQLFunctionStore(database)
    policy = limit_policy(settings)
    principals = KeyPrincipals(SQLKeyStore(database), clock)
    gate = Gate(principals, permissions, MemoryLimiter(clock), policy)
    targets = Targets(store, policy, clock, bus)
    record = Record(call_log, bus, ids, clock)
    return Services(
        gate=gate,
        pipeline=Pipeline(gate, targets, Dispatch(driver, store), record, bus),
        functions=Functions(store, driver, ids, clock, bus, permissions),
        calls=Calls(call_log, permissions),
        configuration=_configuration(snapshot, foundation),
        trials=build_trials(clock),
        permissions=permissions,
        readiness={
            "database": lambda: health(database),
            "call_log": call_log.health,
            "driver": driver.health,
        },
        ids=ids,
        clock=clock,
        bus=bus,
        version=version("sanderling"),
    )


def _configuration(snapshot: Snapshot, foundation: Foundation) -> Configuration:
    redis_url = snapshot.settings.redis_url
    return Configuration(
        store=SQLConfigStore(foundation.database),
        hints=build_hints(
            foundation.database,
            redis_url=None if redis_url is None else redis_url.get_secret_value(),
            clock=foundation.clock,
        ),
        sealer=sealer_of(snapshot.settings),
        layers=snapshot.layers,
        clock=foundation.clock,
    )


def limit_policy(settings: Settings) -> LimitPolicy:
    """Return the rate limits that the settings name."""
    return LimitPolicy(
        api_short=RateLimit(settings.api_short_limit, settings.api_short_ttl_ms),
        api_long=RateLimit(settings.api_long_limit, settings.api_long_ttl_ms),
        function_default=RateLimit(
            settings.function_throttle_limit, settings.function_throttle_ttl_ms
        ),
    )
