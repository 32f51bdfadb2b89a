"""Puts the parts together and takes them apart again, in order."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

from config.acknowledgement import ProcessLabel
from config.configuration import Configuration
from config.snapshot import Snapshot
from config.subscriber import Subscriber
from config.variables import Settings
from drivers.port import Driver, Health
from runner.calls import Calls
from runner.dispatch import Dispatch
from runner.exports import Exports
from runner.fairness.turnstile import Turnstile
from runner.functions import Functions
from runner.gate import Gate
from runner.keeping import Keeping
from runner.pipeline import Pipeline
from runner.ports import CallLog
from runner.record import Record
from runner.replays import Replays
from runner.retention import Retention
from runner.target import Targets
from runner.triggers.door import Door
from runner.triggers.record_events import RecordEvents
from runner.triggers.routes import Routes
from runner.triggers.triggers import Triggers
from sanderling.access.keys import Keys
from sanderling.access.principal import Operator
from sanderling.access.principals import KeyPrincipals
from sanderling.access.roles import RolePermissions
from sanderling.api.services import HealthCheck, Services
from sanderling.kernel.events import EventBus
from sanderling.kernel.ids import WorkspaceId
from sanderling.store import (
    SQLCallLog,
    SQLFunctionStore,
    SQLHistoryStore,
    SQLKeyStore,
    SQLRecordOutbox,
    SQLSyncRecords,
    SQLTriggerStore,
    SQLWorkspaces,
    health,
)
from sanderling.wiring.channels import Reach
from sanderling.wiring.collecting import collecting_for
from sanderling.wiring.concurrency import ConcurrencySubscriber, open_turnstile
from sanderling.wiring.configuration import Beginning, begin, following, health_of
from sanderling.wiring.drivers import build_driver
from sanderling.wiring.executions import (
    Consumption,
    ExecutionsSubscriber,
    Stations,
    open_consumption,
)
from sanderling.wiring.foundation import Foundation, open_foundation
from sanderling.wiring.groundwork import Groundwork
from sanderling.wiring.healing import healing
from sanderling.wiring.history import (
    HistorySubscriber,
    keeping_policy,
    retention_policy,
)
from sanderling.wiring.lasting import Share, Workplace, jobs_check, open_share, telling
from sanderling.wiring.limits import Counting, open_counting
from sanderling.wiring.mailboxes import (
    MailboxesSubscriber,
    SettledMailboxes,
    build_attachments,
    open_mailboxes,
)
from sanderling.wiring.push import Push, PushSubscriber, open_push
from sanderling.wiring.sign_ins import (
    SettledSignIns,
    SignInsSubscriber,
    build_accounts,
    open_sign_ins,
)
from sanderling.wiring.steering import SteeringSubscriber, build_jobs
from sanderling.wiring.subscribers import (
    DriverSubscriber,
    LimitsSubscriber,
    LogsSubscriber,
    follow_logs,
)
from sanderling.wiring.switching import SwitchingDriver
from sanderling.wiring.trials import build_trials
from sanderling.wiring.unavailable import started


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that runs in one process, started and joined."""

    services: Services
    keys: Keys
    workspaces: SQLWorkspaces
    driver: Driver
    groundwork: Groundwork
    share: Share

    @property
    def default_workspace_id(self) -> WorkspaceId:
        """The one workspace of single mode.

        Raises:
            StoreUnavailableError: the database was away from the start on, and still is.

        """
        return self.groundwork.default_workspace_id

    @property
    def operator(self) -> Operator:
        """The credential of whoever runs the process, in the default workspace.

        Raises:
            StoreUnavailableError: as above.

        """
        return Operator(self.default_workspace_id)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What decides how often and how many at once, and the ways to providers."""

    counting: Counting
    turnstile: Turnstile
    sign_ins: SettledSignIns
    mailboxes: SettledMailboxes
    push: Push

    def subscribers(self) -> tuple[Subscriber, ...]:
        """Return those of its parts that follow settings by themselves."""
        return (
            ConcurrencySubscriber(self.turnstile),
            SignInsSubscriber(self.sign_ins),
            MailboxesSubscriber(self.mailboxes),
            PushSubscriber(self.push),
        )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What `_services` joins."""

    foundation: Foundation
    call_log: CallLog
    driver: Driver
    configuration: Configuration
    consumption: Consumption
    around: _Surroundings


@asynccontextmanager
async def open_runtime(
    snapshot: Snapshot,
    *,
    process: str,
    run_migrations: bool = True,
    driver: Callable[[Settings], Driver] | None = None,
    label: ProcessLabel | None = None,
    is_worker: bool = True,
) -> AsyncGenerator[Runtime]:
    """Yield the running parts; `process` is what messages name as the one to restart.

    `snapshot` is what the process knows without the database, which is read here. `driver` makes
    another driver than the settings name, not yet started. A process that lasts has a `label`,
    under which it says which settings are in force, as they change; a worker takes up what nobody
    waits for. With a copy of the last good ones it starts while the database is away, and holds it.

    When the driver cannot start the rest runs all the same: calls get the outcome
    `misconfigured`, readiness says why, and a process that lasts tries again. On the way out calls
    in flight finish, their records are written, and the database is closed, in this order.

    Raises:
        ConfigRejected: the settings are not valid, or ask for what there is not.
        HomeUnusableError: the home cannot be made.
        RedisURLRefused: the URL of Redis is not one.
        StoreUnavailableError: the database is away, and there is no such copy.

    """
    async with AsyncExitStack() as stack:
        opening = open_foundation(
            snapshot.settings, run_migrations=run_migrations, may_be_away=label is not None
        )
        foundation = await stack.enter_async_context(opening)
        beginning = await begin(snapshot, foundation)
        settings = beginning.settings
        chosen = driver(settings) if driver else build_driver(settings, process=process)
        call_log = await stack.enter_async_context(_call_log(foundation))
        switching = SwitchingDriver(chosen)
        running = await stack.enter_async_context(switching if label else started(chosen))
        consuming = open_consumption(settings, foundation, label=label)
        consumption = await stack.enter_async_context(consuming)
        around = await stack.enter_async_context(_surrounding(settings, foundation))
        changing = beginning.configuration
        parts = _Parts(foundation, call_log, running, changing, consumption, around)
        services, subscribers = _services(parts, settings)
        await stack.enter_async_context(consumption)
        share = Share(consumption)
        if label is not None:
            place = Workplace(foundation, services, consumption, around.counting, around.push)
            sharing = open_share(settings, place, label=label, is_worker=is_worker)
            share = await stack.enter_async_context(sharing)
            subscribers += share.subscribers()
            if driver is None:
                subscribers.append(DriverSubscriber(switching, process=process))
                again = partial(build_driver, settings, process=process)
                await stack.enter_async_context(_tended(switching, again, foundation))
            follow_logs(settings)
            lasting = _lasting(beginning, subscribers, share, foundation, label)
            checks = await stack.enter_async_context(lasting)
            services = replace(services, readiness={**services.readiness, **checks})
        yield _runtime(services, foundation, running, share)


@asynccontextmanager
async def _tended(
    switching: SwitchingDriver, again: Callable[[], Driver], foundation: Foundation
) -> AsyncGenerator[None]:
    """Start the driver again where it could not, and have it clear away what nothing needs."""
    async with (
        collecting_for(switching, foundation),
        healing(switching, again, foundation.clock),
    ):
        yield


def _runtime(services: Services, foundation: Foundation, driver: Driver, share: Share) -> Runtime:
    return Runtime(
        services=services,
        keys=foundation.keys,
        workspaces=foundation.workspaces,
        driver=driver,
        groundwork=foundation.groundwork,
        share=share,
    )


@asynccontextmanager
async def _surrounding(settings: Settings, foundation: Foundation) -> AsyncGenerator[_Surroundings]:
    """Yield what is opened before the services and closed after them."""
    async with (
        open_counting(settings, foundation) as counting,
        open_turnstile(settings, foundation.clock, processes=counting.processes) as turnstile,
        open_sign_ins(settings, foundation.clock) as sign_ins,
        open_mailboxes(settings, foundation, Reach(sign_ins, counting.limiter)) as mailboxes,
    ):
        reach = Reach(sign_ins, counting.limiter)
        async with open_push(settings, foundation, reach) as push:
            yield _Surroundings(counting, turnstile, sign_ins, mailboxes, push)


def _call_log(foundation: Foundation) -> SQLCallLog:
    return SQLCallLog(foundation.database, foundation.clock)


@asynccontextmanager
async def _lasting(
    beginning: Beginning,
    subscribers: Sequence[Subscriber],
    share: Share,
    foundation: Foundation,
    label: ProcessLabel,
) -> AsyncGenerator[Mapping[str, HealthCheck]]:
    """Follow settings and tell others of this process; yield the health of both."""
    async with (
        following(beginning, subscribers, process=label) as live,
        telling(share, foundation, live),
    ):

        async def check() -> Health:
            return health_of(live)

        yield {"configuration": check, "jobs": jobs_check(share, foundation)}


def _services(parts: _Parts, settings: Settings) -> tuple[Services, list[Subscriber]]:
    """Return the services, and those of their parts that follow settings."""
    foundation, driver, around = parts.foundation, parts.driver, parts.around
    policy = around.counting.policy
    clock, ids, database = foundation.clock, foundation.ids, foundation.database
    bus, permissions, store = EventBus(), RolePermissions(), SQLFunctionStore(database)
    principals = KeyPrincipals(SQLKeyStore(database), clock)
    gate = Gate(principals, permissions, around.counting.limiter, policy, clock)
    targets = Targets(store, policy, clock, bus)
    keeping = Keeping(keeping_policy(settings))
    record = Record(parts.call_log, bus, ids, clock, keeping=keeping)
    dispatch = Dispatch(driver, store, around.turnstile)
    pipeline = Pipeline(gate, targets, dispatch, record, bus)
    stations = Stations(gate, targets, dispatch, record, pipeline, parts.call_log, permissions, bus)
    joined, calls = parts.consumption.join(stations), Calls(parts.call_log, permissions)
    trigger_store, jobs = SQLTriggerStore(database), build_jobs(settings, database, clock)
    retention = Retention(SQLHistoryStore(database), clock, bus, retention_policy(settings))
    services = Services(
        gate=gate,
        pipeline=pipeline,
        submission=joined.submission,
        executions=joined.executions,
        once=joined.once,
        functions=Functions(store, driver, ids, clock, bus, permissions),
        calls=calls,
        exports=Exports(calls),
        replays=Replays(parts.call_log, gate, targets, pipeline),
        retention=retention,
        triggers=Triggers(trigger_store, store, ids, clock, bus, permissions),
        door=Door(Routes(trigger_store, clock, bus), gate, pipeline, joined.submission),
        record_events=RecordEvents(SQLRecordOutbox(database), clock, bus, permissions),
        configuration=parts.configuration,
        jobs=jobs,
        accounts=build_accounts(settings, foundation, around.sign_ins, around.push.watches),
        push=around.push.door,
        is_signed=around.push.tokens.holds,
        sync_records=SQLSyncRecords(database),
        attachments=build_attachments(settings, foundation, around.mailboxes),
        trials=build_trials(clock),
        permissions=permissions,
        readiness=_readiness(parts),
        ids=ids,
        clock=clock,
        bus=bus,
        default_workspace_id=lambda: foundation.groundwork.default_workspace_id,
        version=version("sanderling"),
        engine=parts.consumption.engine,
        function_metrics_limit=settings.function_metrics_limit,
    )
    return services, [
        LimitsSubscriber(gate, targets),
        HistorySubscriber(keeping, retention),
        LogsSubscriber(),
        ExecutionsSubscriber(parts.consumption.follow),
        SteeringSubscriber(jobs),
        *around.subscribers(),
    ]


def _readiness(parts: _Parts) -> Mapping[str, HealthCheck]:
    database = parts.foundation.database
    return {
        "database": lambda: health(database),
        "call_log": parts.call_log.health,
        "driver": parts.driver.health,
        **parts.around.counting.readiness,
        "executions": parts.consumption.health,
    }
