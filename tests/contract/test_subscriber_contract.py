"""What every part promises that follows settings while the process runs."""

import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

import pytest

from config.subscriber import Subscriber
from config.variables import Settings
from drivers.disabled import DisabledDriver
from jobs.crew import Crew, Gear
from jobs.memory import MemoryJobStore
from runner.keeping import Keeping
from runner.memory import MemoryCallLog
from runner.retention import Retention
from sanderling.docket import MemoryEngine
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus
from sanderling.wiring.history import HistorySubscriber, keeping_policy, retention_policy
from sanderling.wiring.in_force import InForce
from sanderling.wiring.jobs import JobsSubscriber, roster_of
from sanderling.wiring.limits import limit_policy
from sanderling.wiring.subscribers import (
    DriverSubscriber,
    LimitsSubscriber,
    LogsSubscriber,
)
from sanderling.wiring.switching import SwitchingDriver
from sanderling.wiring.sync import Syncing, SyncSubscriber, bounds_of
from support.records import a_record
from support.river import River
from support.sweeping import Bench, nothing_new

OLD = Settings.model_validate({"SERVERLESS_TYPE": "DISABLED"})


@dataclass(frozen=True, slots=True)
class Case:
    """A subscriber, settings that change its part, and how the part is now."""

    subscriber: Subscriber
    other: Settings
    part: Callable[[], object]


def _case(**texts: str) -> Settings:
    return Settings.model_validate({"SERVERLESS_TYPE": "DISABLED", **texts})


@pytest.fixture(params=["driver", "rate limits", "call history", "jobs", "sync", "log lines"])
async def case(request: pytest.FixtureRequest) -> AsyncGenerator[Case]:
    """Yield each subscriber in turn, with its part built from `OLD`."""
    if request.param == "driver":
        async with SwitchingDriver(DisabledDriver("SERVERLESS_TYPE", "test")) as driver:
            other = _case(SERVERLESS_TYPE="LOCAL", SANDBOX_SPARES="1")
            yield Case(DriverSubscriber(driver, process="test"), other, lambda: driver.name)
        return
    if request.param == "rate limits":
        river = River(policy=limit_policy(OLD))
        caller = await river.caller()
        yield Case(
            LimitsSubscriber(river.gate, river.targets),
            _case(API_RATE_LIMITING_SHORT_LIMIT="7"),
            lambda: river.gate.api_rules(caller.principal),
        )
        return
    if request.param == "call history":
        keeping = Keeping(keeping_policy(OLD))
        retention = Retention(MemoryCallLog(), VirtualClock(), EventBus(), retention_policy(OLD))
        record = replace(a_record(), event_json=b'{"password":1,"iban":2}')
        yield Case(
            HistorySubscriber(keeping, retention),
            _case(CALL_HISTORY_REDACTED="iban"),
            lambda: keeping.kept(record).event_json,
        )
        return
    if request.param == "jobs":
        clock = VirtualClock()
        engine = MemoryEngine(clock, drain_s=0)
        gear = Gear(MemoryJobStore(), {}, engine, clock, EventBus(), "worker-1")
        async with Crew(gear, roster_of(OLD)) as crew:
            yield Case(
                JobsSubscriber(crew, InForce(OLD)),
                _case(JOB_CLEAN_UP_CRON="5 4 * * *"),
                crew.registered,
            )
        return
    if request.param == "sync":
        in_force, bench = InForce(OLD), Bench()
        sweeper = bench.sweeper(nothing_new, bounds=bounds_of(OLD))
        yield Case(
            SyncSubscriber(Syncing(sweeper, in_force)),
            _case(MESSAGING_MESSAGES_GET_BATCH_SIZE="7"),
            lambda: in_force.settings.messages_batch_size,
        )
        return
    yield Case(LogsSubscriber(), _case(LOG_LEVEL="ERROR"), lambda: logging.root.level)


async def test_a_part_needs_something_that_tells_settings_apart(case: Case) -> None:
    """Equal settings need equal values, and what changes the part needs other ones."""
    needs = case.subscriber.needs

    assert needs(OLD) == needs(_case())
    assert needs(OLD) != needs(case.other)
    assert needs(OLD) == needs(_case(EMAIL_FROM_NAME="somebody"))


async def test_preparing_changes_nothing(case: Case) -> None:
    """What was prepared and discarded leaves the part as it was."""
    before = case.part()

    prepared = await case.subscriber.prepare(case.other)

    assert case.part() == before
    await prepared.discard()
    assert case.part() == before


async def test_a_swap_changes_the_part_at_once(case: Case) -> None:
    """After the swap the part is another one, and it can go back."""
    before = case.part()
    (await case.subscriber.prepare(case.other)).swap()
    assert case.part() != before

    (await case.subscriber.prepare(OLD)).swap()

    assert case.part() == before or case.subscriber.name == "log lines"


async def test_parts_have_names(case: Case) -> None:
    """A refusal can name its part."""
    assert case.subscriber.name
