"""Dispatch: the driver gets what it needs, and whatever it does is an outcome."""

import asyncio
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from drivers.limits import LimitRefused, Limits
from drivers.memory import MemoryDriver
from drivers.port import Artifact, Deployment, OutcomeKind
from runner.call import CallRequest, Selector
from runner.dispatch import Call, Dispatch
from runner.fairness.concurrency import Concurrency
from runner.fairness.turnstile import Turnstile
from runner.function import Definition
from runner.record import Record
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import JSON
from support.river import ECHO, River
from support.spy_driver import SpyDriver


@pytest.fixture
def driver() -> SpyDriver:
    """Return a driver that counts."""
    return SpyDriver()


@pytest.fixture
def river(driver: SpyDriver) -> River:
    """Return the river over that driver."""
    return River(driver=driver)


async def test_the_handler_is_told_about_its_call(river: River, driver: SpyDriver) -> None:
    """The context names the call, what runs and how long it may, and holds no secret."""
    caller = await river.caller()
    await river.publish(caller)

    report = await river.call(caller, timeout_s=2)

    assert driver.last_context == {
        "call_id": report.record.id,
        "function": "echo",
        "version": 1,
        "workspace_id": river.here,
        "trigger": "api",
        "request_id": "req_test",
        "timeout_s": 2,
    }


async def test_a_timeout_cannot_be_lengthened(river: River, driver: SpyDriver) -> None:
    """Who asks for more time than the version allows gets what it allows."""
    caller = await river.caller()
    await river.publish(caller)

    await river.call(caller, timeout_s=3600)

    assert driver.last_context["timeout_s"] == Limits().wall_s


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan")])
async def test_a_timeout_that_is_no_time_is_refused(
    river: River, driver: SpyDriver, timeout_s: float
) -> None:
    """Zero, less and NaN do not reach the driver."""
    caller = await river.caller()
    await river.publish(caller)

    with pytest.raises(LimitRefused):
        await river.call(caller, timeout_s=timeout_s)

    assert driver.invoked == 0


async def test_an_event_too_large_is_an_outcome_without_its_body(
    river: River, driver: SpyDriver
) -> None:
    """Size is judged before the event is read; the record says how large it was."""
    caller = await river.caller()
    definition = Definition(ECHO, limits=Limits(event_bytes=8))
    await river.publish(caller, definition=definition)

    report = await river.call(caller, event_json=b"not json!")

    outcome = report.record.outcome
    assert outcome.kind is OutcomeKind.PAYLOAD_TOO_LARGE
    assert outcome.limit is not None
    assert (outcome.limit.allowed, outcome.limit.observed) == (8, 9)
    assert report.record.event_json == b"null"
    assert driver.invoked == 0


async def test_an_event_of_the_largest_size_is_run(river: River, driver: SpyDriver) -> None:
    """A limit is what is allowed, not what is too much."""
    caller = await river.caller()
    await river.publish(caller, definition=Definition(ECHO, limits=Limits(event_bytes=8)))

    report = await river.call(caller, event_json=b'"123456"')

    assert report.record.outcome.kind is OutcomeKind.OK
    assert driver.invoked > 0


async def test_what_the_driver_forgot_is_deployed_once_for_all(
    river: River, driver: SpyDriver
) -> None:
    """Callers who find the driver empty share one deployment and all get their result."""
    caller = await river.caller()
    await river.publish(caller)
    driver.lose_everything()
    deployed = driver.deployed

    reports = await asyncio.gather(*(river.call(caller) for _ in range(10)))

    assert {report.record.outcome.kind for report in reports} == {OutcomeKind.OK}
    assert driver.deployed - deployed == 1


async def test_a_failing_deployment_is_the_outcome(river: River, driver: SpyDriver) -> None:
    """When the driver does not take the code back, the record carries its reason."""
    caller = await river.caller()
    await river.publish(caller)
    driver.lose_everything()
    driver.deploys_with = Deployment(OutcomeKind.MISCONFIGURED, detail="No room.")

    report = await river.call(caller)

    outcome = report.record.outcome
    assert (outcome.kind, outcome.detail) == (OutcomeKind.MISCONFIGURED, "No room.")


async def test_a_function_deleted_while_it_is_called_is_not_deployed(
    river: River, driver: SpyDriver
) -> None:
    """What is gone from the store by the time it is needed is said to be gone; try again."""
    caller = await river.caller()
    version = await river.publish(caller)
    await river.call(caller)
    driver.lose_everything()
    # Another process deletes it: this one hears nothing of that for a second.
    await river.store.delete_function(river.here, version.function_id)

    report = await river.call(caller)

    assert report.record.outcome.kind is OutcomeKind.NOT_DEPLOYED


async def test_a_driver_that_raises_costs_one_call(river: River, driver: SpyDriver) -> None:
    """Nobody knows how far a bug let the guest run, and the next call is served."""
    caller = await river.caller()
    await river.publish(caller)
    driver.raises = RuntimeError("a bug")

    broken = await river.call(caller)
    driver.raises = None
    whole = await river.call(caller)

    assert broken.record.outcome.kind is OutcomeKind.UNKNOWN_OUTCOME
    assert "a bug" not in broken.record.outcome.detail
    assert whole.record.outcome.kind is OutcomeKind.OK


async def test_a_call_whose_caller_went_away_is_recorded() -> None:
    """Cancelling a call ends the guest, and the record admits that nobody knows how far it got."""
    running = asyncio.Event()
    ended = asyncio.Event()

    async def wait_forever(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return None

    river = River(driver=MemoryDriver({ECHO: wait_forever}))
    caller = await river.caller()
    await river.publish(caller)
    going_away = asyncio.create_task(river.call(caller))
    await running.wait()

    going_away.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going_away

    page = await river.calls.list(caller.principal)
    assert [record.outcome.kind for record in page.rows] == [OutcomeKind.UNKNOWN_OUTCOME]
    assert ended.is_set()


class StuckDriver(SpyDriver):
    """A driver whose deployment raises, or never ends."""

    def __init__(self) -> None:
        """Deploy as usual until told otherwise."""
        super().__init__()
        self.is_stuck = False
        self.deploy_raises: Exception | None = None

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Do what no driver should."""
        if self.deploy_raises is not None:
            raise self.deploy_raises
        if self.is_stuck:
            await asyncio.Event().wait()
        return await super().deploy(artifact)


async def test_a_deployment_that_raises_is_an_outcome() -> None:
    """A bug in deploying costs those who waited for it, and the next call tries again."""
    driver = StuckDriver()
    river = River(driver=driver)
    caller = await river.caller()
    await river.publish(caller)
    driver.lose_everything()
    driver.deploy_raises = RuntimeError("a bug")

    reports = await asyncio.gather(*(river.call(caller) for _ in range(3)))
    driver.deploy_raises = None
    after = await river.call(caller)

    assert {report.record.outcome.kind for report in reports} == {OutcomeKind.PLATFORM_ERROR}
    assert after.record.outcome.kind is OutcomeKind.OK


async def test_a_deployment_has_a_time_limit() -> None:
    """A driver that never answers holds nobody for longer than the limit."""
    driver = StuckDriver()
    river = River(driver=driver)
    caller = await river.caller()
    await river.publish(caller)
    driver.lose_everything()
    driver.is_stuck = True
    dispatch = Dispatch(driver, river.store, deploy_timeout_s=0)
    target = await river.targets.find(river.here, "echo", Selector.LIVE)
    request = CallRequest(caller.credential, "echo", b"1", RequestId("req_test"))
    call = Call(river.ids.call(), river.clock.now(), caller.principal, target, request)

    with capture_logs() as lines:
        outcome = await dispatch.run(call)

    assert outcome.kind is OutcomeKind.PLATFORM_ERROR
    assert "Call again" in outcome.detail
    assert lines == []


async def test_a_draft_that_changed_meanwhile_is_not_run_as_the_old_one(
    river: River, driver: SpyDriver
) -> None:
    """What a call found is what it runs, or it does not run."""
    caller = await river.caller()
    await river.functions.create(caller.principal, "echo", Definition(ECHO))
    target = await river.targets.find(river.here, "echo", Selector.DRAFT)
    # Another process saves another draft: this one hears nothing of that for a second.
    await river.store.save_draft(
        river.here,
        target.function_id,
        Definition("# outcome: crashed"),
        saved_at=river.clock.now(),
    )

    old = await river.call(caller, version=Selector.DRAFT)
    river.clock.advance(1)
    new = await river.call(caller, version=Selector.DRAFT)

    assert old.record.outcome.kind is OutcomeKind.NOT_DEPLOYED
    assert new.record.outcome.kind is OutcomeKind.CRASHED
    assert driver.invoked == 3


async def test_a_call_knows_how_long_it_waited_for_room(river: River, driver: SpyDriver) -> None:
    """Waiting in line is told apart from the time at the driver; without a line there is none."""
    caller = await river.caller()
    await river.publish(caller)
    turnstile = Turnstile(Concurrency(in_all=1))
    dispatch = Dispatch(driver, river.store, turnstile)
    record = Record(river.call_log, river.bus, river.ids, river.clock)
    target = await river.targets.find(river.here, "echo", Selector.LIVE)
    request = CallRequest(caller.credential, "echo", b"1", RequestId("req_test"))
    first, second = (record.open(caller.principal, target, request) for _ in range(2))

    await dispatch.run(first)
    assert turnstile.enter_nowait(target)
    waiting = asyncio.create_task(dispatch.run(second))
    for _ in range(5):
        await asyncio.sleep(0)
    turnstile.leave(target)
    await waiting

    assert first.queued_s == 0
    assert second.queued_s > 0
