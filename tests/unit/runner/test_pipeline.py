"""The call river: every station refuses in its own words and what lies behind it is not reached."""

import pytest

from drivers.port import OutcomeKind
from runner.call import CallRequest, Selector
from runner.errors import FunctionUnknown, RateLimited, VersionUnknown, VersionUnpublished
from runner.function import Definition, RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.access.errors import Forbidden, KeyMalformed, KeyUnknown, Unauthenticated
from sanderling.access.principal import BearerKey, Credential, Role
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import RequestId
from sanderling.kernel.jsontext import InvalidJSON
from support.river import ECHO, GENEROUS, Caller, River
from support.spy_driver import SpyDriver


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
