"""The call river: every station refuses in its own words and what lies behind it is not reached."""

import asyncio
from collections.abc import Mapping

import pytest

from drivers.limits import LimitRefused, Limits
from drivers.memory import MemoryDriver
from drivers.port import Artifact, Deployment, Invocation, Outcome, OutcomeKind
from runner.call import CallRequest, Selector
from runner.errors import FunctionUnknown, RateLimited, VersionUnknown, VersionUnpublished
from runner.function import Definition, RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.access.errors import Forbidden, KeyMalformed, KeyUnknown, Unauthenticated
from sanderling.access.principal import BearerKey, Credential, Role
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import JSON, InvalidJSON
from support.river import ECHO, GENEROUS, Caller, River


class SpyDriver(MemoryDriver):
    """A memory driver that counts, and does on demand what no driver should."""

    def __init__(self) -> None:
        """Count from zero."""
        super().__init__()
        self.deployed = 0
        self.invoked = 0
        self.raises: Exception | None = None
        self.deploys_with: Deployment | None = None
        self.last_context: Mapping[str, JSON] = {}

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Count, then deploy."""
        self.deployed += 1
        await asyncio.sleep(0)
        return self.deploys_with or await super().deploy(artifact)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Count, then invoke."""
        self.invoked += 1
        self.last_context = invocation.context
        if self.raises is not None:
            raise self.raises
        return await super().invoke(invocation)

    def lose_everything(self) -> None:
        """Forget what was deployed, as a driver that was started again."""
        self._deployed.clear()


@pytest.fixture
def driver() -> SpyDriver:
    """Return a driver that counts."""
    return SpyDriver()


@pytest.fixture
def river(driver: SpyDriver) -> River:
    """Return the river over that driver."""
    return River(driver=driver)


async def _refusal(
    river: River,
    credential: Credential | None,
    name: str = "echo",
    *,
    event_json: bytes = b"1",
    version: Selector | int = Selector.LIVE,
) -> Refusal:
    request = CallRequest(credential, name, event_json, RequestId("req_test"), version)
    with pytest.raises(Refusal) as caught:
        await river.pipeline.call(request)
    return caught.value


async def test_a_call_is_run_recorded_and_announced(river: River) -> None:
    """The caller gets the outcome, the log the record, the bus the news."""
    caller = await river.caller()
    version = await river.publish(caller)

    report = await river.call(caller, event_json=b'{"a": 1}')

    record = report.record
    assert record.outcome.result == {"a": 1}
    assert (record.workspace_id, record.function_name, record.version, record.digest) == (
        river.here,
        "echo",
        1,
        version.digest,
    )
    assert record == await river.calls.get(caller.principal, record.id)
    assert [event.call_id for event in river.finished] == [record.id]
    assert report.admission.is_admitted


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


async def test_authenticate_comes_first(river: River, driver: SpyDriver) -> None:
    """Without a good key nothing else is looked at, and no workspace is named."""
    caller = await river.caller()
    await river.publish(caller)
    revoked = await river.caller()
    await river.keys.revoke(river.here, str(revoked.principal.key_id))
    river.clock.advance(2)

    refusals = [
        await _refusal(river, None),
        await _refusal(river, BearerKey("sdl_nonsense")),
        await _refusal(river, revoked.credential, name="unknown", event_json=b"NaN"),
    ]

    assert [type(refusal) for refusal in refusals] == [Unauthenticated, KeyMalformed, KeyUnknown]
    assert [(event.code, event.workspace_id) for event in river.refused] == [
        ("unauthenticated", None),
        ("key_malformed", None),
        ("key_unknown", None),
    ]
    assert (driver.invoked, len(river.limiter)) == (0, 0)


async def test_permit_comes_before_limit(river: River, driver: SpyDriver) -> None:
    """Who may not call a draft is told so, and nothing is counted or looked up."""
    admin, member = await river.caller(), await river.caller(Role.MEMBER)
    await river.publish(admin)

    refusal = await _refusal(river, member.credential, version=Selector.DRAFT, name="unknown")

    assert isinstance(refusal, Forbidden)
    assert refusal.facts["permission"] == "functions.write"
    assert (driver.invoked, len(river.limiter)) == (0, 0)
    assert [(event.code, event.workspace_id) for event in river.refused] == [
        ("forbidden", river.here)
    ]


async def test_limit_comes_before_dispatch(driver: SpyDriver) -> None:
    """A used-up rule refuses before the event is read, and says when to come back."""
    river = River(driver=driver, policy=LimitPolicy(GENEROUS, GENEROUS, RateLimit(2, 60_000)))
    caller = await river.caller()
    await river.publish(caller)
    for _ in range(2):
        await river.call(caller)

    refusal = await _refusal(river, caller.credential, event_json=b"NaN")

    assert isinstance(refusal, RateLimited)
    assert (refusal.facts["rule"], refusal.resets_in_s) == ("workspace-executions", 30)
    assert [state.remaining for state in refusal.states] == [999_998, 999_998, 0, 0]
    assert (driver.invoked, len(river.finished)) == (2, 2)


async def test_dispatch_refuses_what_is_not_json(river: River, driver: SpyDriver) -> None:
    """An event that is not strict JSON reaches no driver and leaves no record."""
    caller = await river.caller()
    await river.publish(caller)

    for event_json in (b"", b"{", b"NaN", b"\xff", b"[" * 100 + b"]" * 100):
        assert isinstance(
            await _refusal(river, caller.credential, event_json=event_json), InvalidJSON
        )

    assert (driver.invoked, river.finished) == (0, [])
    assert [event.code for event in river.refused] == ["invalid_json"] * 5


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


async def test_unknown_code_is_named_for_what_it_is(river: River) -> None:
    """No function, no version of that number and nothing published are three refusals."""
    caller = await river.caller()
    await river.publish(caller)
    await river.functions.create(caller.principal, "draft-only", Definition(ECHO))

    refusals = [
        await _refusal(river, caller.credential, name="other"),
        await _refusal(river, caller.credential, name="no name\0"),
        await _refusal(river, caller.credential, version=2),
        await _refusal(river, caller.credential, version=-1),
        await _refusal(river, caller.credential, version=10**30),
        await _refusal(river, caller.credential, name="draft-only"),
    ]

    assert [type(refusal) for refusal in refusals] == [
        *[FunctionUnknown] * 2,
        *[VersionUnknown] * 3,
        VersionUnpublished,
    ]
    assert river.finished == []


async def test_trying_out_names_counts_as_requests_only(driver: SpyDriver) -> None:
    """Unknown functions use up the API limit, and leave the executions alone."""
    river = River(driver=driver, policy=LimitPolicy(RateLimit(3, 60_000), GENEROUS, GENEROUS))
    caller = await river.caller()
    await river.publish(caller)

    first = [await _refusal(river, caller.credential, name="nothing") for _ in range(2)]
    report = await river.call(caller)
    last = await _refusal(river, caller.credential, name="nothing")

    assert [type(refusal) for refusal in first] == [FunctionUnknown] * 2
    assert [state.remaining for state in report.admission.states] == [0, 999_997, 999_999, 999_999]
    assert isinstance(last, RateLimited)
    assert last.facts["rule"] == "api-requests-short"


async def test_a_function_s_own_limit_is_its_own(driver: SpyDriver) -> None:
    """A function with a rate limit is held to it while others go on."""
    river = River(driver=driver)
    caller = await river.caller()
    await river.publish(caller, "slow", Definition(ECHO, rate_limit=RateLimit(1, 1000)))
    await river.publish(caller, "fast")
    await river.call(caller, "slow")

    with pytest.raises(RateLimited) as caught:
        await river.call(caller, "slow")

    assert caught.value.facts["rule"] == "function-executions"
    assert (await river.call(caller, "fast")).record.outcome.kind is OutcomeKind.OK


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
    """A bug in the driver is an outcome for the caller, and the next call is served."""
    caller = await river.caller()
    await river.publish(caller)
    driver.raises = RuntimeError("a bug")

    broken = await river.call(caller)
    driver.raises = None
    whole = await river.call(caller)

    assert broken.record.outcome.kind is OutcomeKind.PLATFORM_ERROR
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


async def test_a_draft_runs_for_who_may_write_it(river: River) -> None:
    """An author can try a draft that was never published; its record names no version."""
    author = await river.caller()
    await river.functions.create(author.principal, "echo", Definition(ECHO))

    report = await river.call(author, version=Selector.DRAFT)

    assert report.record.outcome.kind is OutcomeKind.OK
    assert report.record.version is None


async def test_a_key_of_one_workspace_reaches_nothing_of_another(river: River) -> None:
    """To a stranger a function and its calls do not exist, and its own of that name is apart."""
    owner = await river.caller()
    stranger = await river.caller(workspace_id=river.elsewhere)
    await river.publish(owner)
    report = await river.call(owner)

    refusal = await _refusal(river, stranger.credential)
    await river.publish(stranger, definition=Definition("# outcome: user_error"))
    of_stranger = await river.call(stranger)
    of_owner = await river.call(owner)

    assert isinstance(refusal, FunctionUnknown)
    assert of_stranger.record.outcome.kind is OutcomeKind.USER_ERROR
    assert of_owner.record.outcome.kind is OutcomeKind.OK
    seen = await river.calls.list(stranger.principal)
    assert [record.id for record in seen.rows] == [of_stranger.record.id]
    assert report.record.id not in {record.id for record in seen.rows}


async def test_a_workspace_s_limit_is_not_used_up_by_another() -> None:
    """One workspace at its limit leaves the next one all of its own."""
    river = River(policy=LimitPolicy(GENEROUS, GENEROUS, RateLimit(1, 60_000)))
    callers: list[Caller] = []
    for workspace_id in (river.here, river.elsewhere):
        callers.append(await river.caller(workspace_id=workspace_id))
        await river.publish(callers[-1])
    await river.call(callers[0])

    report = await river.call(callers[1])

    assert report.record.outcome.kind is OutcomeKind.OK
