"""What every driver that runs functions promises, and what the disabled one does instead."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.aws_lambda import LambdaDriver
from drivers.limits import Limits
from drivers.local import DevelopmentDriver, LocalDriver, LocalSettings
from drivers.memory import MemoryDriver
from drivers.port import Driver, HealthState, Isolation, OutcomeKind
from sanderling.kernel.ids import WorkspaceId
from sanderling.kernel.jsontext import JSON
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import (
    BAD_SYNTAX,
    CONTEXT,
    COUNTS,
    EATS_MEMORY,
    ECHO,
    HANDLERS,
    NO_HANDLER,
    RAISES,
    REACHES_OUT,
    REJECTIONS,
    RETURNS_MUCH,
    RETURNS_NAN,
    SPINS,
)
from support.ministack import run_ministack

pytestmark = pytest.mark.asyncio(loop_scope="module")

json_values: st.SearchStrategy[JSON] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner)
    ),
    max_leaves=12,
)


@asynccontextmanager
async def _lambda() -> AsyncGenerator[Driver]:
    # Few places, since each environment is a process that starts slowly.
    with run_ministack() as ministack:
        async with LambdaDriver(ministack.settings(concurrency=4, queue_wait_s=60.0)) as driver:
            yield driver


MAKERS: dict[str, Callable[[], AbstractAsyncContextManager[Driver]]] = {
    "memory": lambda: MemoryDriver(HANDLERS, rejections=REJECTIONS),
    "local": lambda: LocalDriver(LocalSettings()),
    "development": lambda: DevelopmentDriver(LocalSettings()),
    "lambda": _lambda,
}


@pytest_asyncio.fixture(
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name == "lambda")) for name in MAKERS],
    scope="module",
    loop_scope="module",
)
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    """Each driver that runs functions, started once for all promises."""
    async with MAKERS[request.param]() as started:
        yield started


async def test_a_deployed_function_answers_with_its_result(driver: Driver) -> None:
    """A call of a deployed artifact is ok and carries the handler's value."""
    artifact = an_artifact(ECHO.source)
    deployment = await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, {"a": [1, 2.5, None, True, "ä"]}))

    assert deployment.kind is OutcomeKind.OK
    assert outcome.kind is OutcomeKind.OK
    assert outcome.result == {"a": [1, 2.5, None, True, "ä"]}
    assert outcome.driver == driver.name
    assert outcome.duration_s > 0


async def test_deploying_again_changes_nothing(driver: Driver) -> None:
    """The second deploy of an artifact is ok, and calls go on."""
    artifact = an_artifact(ECHO.source)
    first = await driver.deploy(artifact)
    second = await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, 1))

    assert (first.kind, second.kind) == (OutcomeKind.OK, OutcomeKind.OK)
    assert outcome.result == 1


async def test_an_unknown_key_is_not_deployed(driver: Driver) -> None:
    """A call of an artifact the driver does not hold says so."""
    outcome = await driver.invoke(an_invocation(an_artifact("# never deployed")))

    assert outcome.kind is OutcomeKind.NOT_DEPLOYED


async def test_a_deleted_artifact_is_not_deployed(driver: Driver) -> None:
    """Deleting forgets an artifact, and deleting it once more is no fault."""
    artifact = an_artifact(ECHO.source)
    await driver.deploy(artifact)

    await driver.delete(artifact.key)
    await driver.delete(artifact.key)

    outcome = await driver.invoke(an_invocation(artifact))
    assert outcome.kind is OutcomeKind.NOT_DEPLOYED


@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
async def test_no_call_sees_what_another_left(driver: Driver, isolation: Isolation) -> None:
    """Module globals are fresh in every call, in both isolation modes."""
    artifact = an_artifact(COUNTS.source, isolation=isolation)
    await driver.deploy(artifact)

    outcomes = [await driver.invoke(an_invocation(artifact, number)) for number in range(4)]

    assert [outcome.result for outcome in outcomes] == [1, 1, 1, 1]


async def test_an_exception_is_a_user_error_with_the_users_lines(driver: Driver) -> None:
    """An exception of the handler comes back with type, message and the user's own stack."""
    artifact = an_artifact(RAISES.source)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.USER_ERROR
    assert outcome.result is None
    assert outcome.error is not None
    assert outcome.error.type == "ValueError"
    assert outcome.error.message == "no such lead"
    assert [(step.line, step.function) for step in outcome.error.trace] == [
        (5, "handler"),
        (2, "fail"),
    ]


@pytest.mark.parametrize("source", [BAD_SYNTAX, REACHES_OUT])
async def test_bad_code_is_refused_with_its_place(driver: Driver, source: str) -> None:
    """Code that cannot run is refused at deploy with line, column and reason."""
    artifact = an_artifact(source)

    deployment = await driver.deploy(artifact)

    assert deployment.kind is OutcomeKind.BAD_CODE
    assert deployment.error is not None
    assert deployment.error.message
    assert deployment.error.line is not None
    assert deployment.error.column is not None
    outcome = await driver.invoke(an_invocation(artifact))
    assert outcome.kind is OutcomeKind.NOT_DEPLOYED


async def test_code_without_a_handler_is_refused(driver: Driver) -> None:
    """A source that defines no handler is bad code, with a hint that says what to add."""
    deployment = await driver.deploy(an_artifact(NO_HANDLER))

    assert deployment.kind is OutcomeKind.BAD_CODE
    assert deployment.error is not None
    assert deployment.error.hint


@pytest.mark.slow
@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
async def test_a_call_past_its_wall_time_is_a_timeout(driver: Driver, isolation: Isolation) -> None:
    """An endless call ends in timeout, names the limit, and the next call is served."""
    artifact = an_artifact(SPINS.source, limits=Limits(wall_s=0.2), isolation=isolation)
    echo = an_artifact(ECHO.source, isolation=isolation)
    await driver.deploy(artifact)
    await driver.deploy(echo)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("wall_s", 0.2)
    assert (await driver.invoke(an_invocation(echo, 7))).result == 7


@pytest.mark.slow
async def test_a_caller_may_shorten_the_wall_time(driver: Driver) -> None:
    """The timeout of an invocation shortens the artifact's wall time."""
    artifact = an_artifact(SPINS.source)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, timeout_s=0.1))

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.limit is not None
    assert outcome.limit.allowed == 0.1


@pytest.mark.slow
async def test_a_caller_cannot_lengthen_the_wall_time(driver: Driver) -> None:
    """The artifact's wall time holds when the invocation asks for more."""
    artifact = an_artifact(SPINS.source, limits=Limits(wall_s=0.1))
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, timeout_s=30))

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.limit is not None
    assert outcome.limit.allowed == 0.1


@pytest.mark.slow
async def test_a_call_past_its_memory_is_out_of_memory(driver: Driver) -> None:
    """A call that asks for more memory than it may have ends in out_of_memory with the limit."""
    if driver.name == "development":
        pytest.skip("without walls memory is not bounded, and its pages say so")
    artifact = an_artifact(EATS_MEMORY.source)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.OUT_OF_MEMORY
    assert outcome.limit is not None
    assert outcome.limit.name == "memory_bytes"
    assert outcome.limit.allowed == artifact.limits.memory_bytes


async def test_a_result_that_is_not_json_is_a_bad_result(driver: Driver) -> None:
    """NaN is no result."""
    artifact = an_artifact(RETURNS_NAN.source)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.BAD_RESULT
    assert outcome.error is not None


async def test_a_result_above_its_limit_is_too_large(driver: Driver) -> None:
    """A result longer than the limit is refused with both numbers."""
    artifact = an_artifact(RETURNS_MUCH.source, limits=Limits(result_bytes=1024))
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.RESULT_TOO_LARGE
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("result_bytes", 1024)
    assert outcome.limit.observed == 4098


async def test_an_event_above_its_limit_is_too_large(driver: Driver) -> None:
    """An event longer than the limit is refused with both numbers, and nothing runs."""
    artifact = an_artifact(ECHO.source, limits=Limits(event_bytes=16))
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, "x" * 15))

    assert outcome.kind is OutcomeKind.PAYLOAD_TOO_LARGE
    assert outcome.limit is not None
    assert (outcome.limit.allowed, outcome.limit.observed) == (16, 17)


async def test_the_handler_sees_its_context(driver: Driver) -> None:
    """The values of the invocation's context are attributes of the handler's second argument."""
    artifact = an_artifact(CONTEXT.source)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact))

    assert outcome.result == {"call_id": "call_one", "function": "score"}


@pytest.mark.slow
@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
async def test_twenty_calls_at_once_each_get_their_own_answer(
    driver: Driver, isolation: Isolation
) -> None:
    """Answers are never swapped between concurrent calls."""
    artifact = an_artifact(ECHO.source, isolation=isolation)
    await driver.deploy(artifact)
    calls = [driver.invoke(an_invocation(artifact, number)) for number in range(20)]

    outcomes = await asyncio.gather(*calls)

    assert [outcome.result for outcome in outcomes] == list(range(20))


@pytest.mark.slow
@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
async def test_a_cancelled_call_is_over_and_the_next_is_served(
    driver: Driver, isolation: Isolation
) -> None:
    """Cancelling the caller ends the guest at once and costs nobody else anything."""
    artifact = an_artifact(SPINS.source, isolation=isolation)
    echo = an_artifact(ECHO.source, isolation=isolation)
    await driver.deploy(artifact)
    await driver.deploy(echo)
    call = asyncio.ensure_future(driver.invoke(an_invocation(artifact)))
    await asyncio.sleep(0)

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await driver.invoke(an_invocation(echo, 1))).result == 1


@pytest.mark.slow
@given(event=json_values)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_every_json_value_survives_the_way_in_and_out(driver: Driver, event: JSON) -> None:
    """An echoing handler returns exactly the event."""
    if driver.name == "development":
        pytest.skip("it starts an interpreter for each; its own tests try fewer")
    artifact = an_artifact(ECHO.source, isolation=Isolation.FUNCTION)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, event))

    assert outcome.kind is OutcomeKind.OK
    assert outcome.result == event


async def test_workspaces_do_not_share_artifacts(driver: Driver) -> None:
    """A key of another workspace with the same digest is another artifact."""
    artifact = an_artifact(ECHO.source)
    await driver.deploy(artifact)
    other = replace(artifact.key, workspace_id=WorkspaceId("ws_other"))

    outcome = await driver.invoke(an_invocation(artifact)._replace(key=other))

    assert outcome.kind is OutcomeKind.NOT_DEPLOYED


async def test_a_started_driver_is_healthy(driver: Driver) -> None:
    """Health is ok without reasons once the driver is entered."""
    health = await driver.health()

    assert health.state is HealthState.OK
    assert health.reasons == ()
    assert driver.capabilities().driver == driver.name
