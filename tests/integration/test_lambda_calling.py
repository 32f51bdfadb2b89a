"""A call on AWS has exactly one outcome, and user code runs again only where that is known safe."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError  # type: ignore[import-untyped] # no types.

from drivers.aws_lambda.blueprint import name_of
from drivers.aws_lambda.clients import connect_clients
from drivers.limits import Limits
from drivers.port import Artifact, HealthState, OutcomeKind
from sanderling.kernel.ids import FunctionId
from support.artifacts import an_artifact, an_invocation
from support.faults import answer, injected
from support.guest_programs import ECHO
from support.lambdas import replace_code, running_driver
from support.ministack import MiniStack, run_ministack
from support.waiting import until

pytestmark = pytest.mark.slow

PENDING = answer(409, "ResourceConflictException", "The function is in the state: Pending")
BROKEN = answer(500, "ServiceException", "internal")
LOST = ConnectionClosedError(endpoint_url="http://127.0.0.1")
EXPIRED = answer(403, "ExpiredTokenException", "The security token is expired")


@pytest.fixture(scope="module")
def ministack() -> Iterator[MiniStack]:
    """Return one emulator for all of these; each test has functions of its own."""
    with run_ministack() as running:
        yield running


def function(name: str, source: str = ECHO.source, **limits: float) -> Artifact:
    """Return an artifact of a function of this name."""
    artifact = an_artifact(source, limits=Limits(**limits))  # type: ignore[arg-type] # whole where need be.
    return replace(artifact, key=replace(artifact.key, function_id=FunctionId(name)))


async def test_a_function_that_is_pending_or_throttled_is_called_again(
    ministack: MiniStack,
) -> None:
    """What was turned away before it ran is tried until it runs, once."""
    artifact = function("again")
    busy = answer(429, "TooManyRequestsException", "Rate Exceeded.")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        with injected(running.clients.invoke, "Invoke", [PENDING, PENDING, busy]) as sent:
            outcome = await running.driver.invoke(an_invocation(artifact, 6))

    assert outcome.result == 6
    assert len(sent) == 4


async def test_retry_after_is_honoured(ministack: MiniStack) -> None:
    """Nothing is sent before the time that AWS names, and what lasts too long is told instead."""
    artifact = function("later")
    soon = answer(429, "TooManyRequestsException", "Rate Exceeded.", retry_after="2")
    late = answer(429, "TooManyRequestsException", "Rate Exceeded.", retry_after="30")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        with injected(running.clients.invoke, "Invoke", [soon]):
            served = await running.driver.invoke(an_invocation(artifact, 1))
        with injected(running.clients.invoke, "Invoke", [late]) as sent:
            refused = await running.driver.invoke(an_invocation(artifact, 1))

    assert served.kind is OutcomeKind.OK
    assert running.waited == [2.0]
    assert (refused.kind, refused.retry_after_s) == (OutcomeKind.THROTTLED, 30.0)
    assert len(sent) == 1


@pytest.mark.parametrize("fault", [BROKEN, LOST], ids=["5xx", "lost"])
@pytest.mark.parametrize(("is_idempotent", "sent_times"), [(False, 1), (True, 2)])
async def test_a_failure_of_aws_is_unknown_and_sent_again_only_if_that_does_no_harm(
    ministack: MiniStack, *, is_idempotent: bool, sent_times: int, fault: object
) -> None:
    """After a 5xx, or an answer that was lost, nobody knows whether the function ran."""
    artifact = function("fails")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        with injected(running.clients.invoke, "Invoke", [fault]) as sent:
            outcome = await running.driver.invoke(
                an_invocation(artifact, 8)._replace(is_idempotent=is_idempotent)
            )

    expected = OutcomeKind.OK if is_idempotent else OutcomeKind.UNKNOWN_OUTCOME
    assert outcome.kind is expected
    assert len(sent) == sent_times


async def test_a_slow_function_runs_once(ministack: MiniStack, tmp_path: Path) -> None:
    """A call whose answer is not waited for is not sent again, and says that it may have run."""
    artifact = function("slow")
    runs = tmp_path / "runs"
    counting = (
        "import time\n"
        "def handler(event, context):\n"
        f"    with open({str(runs)!r}, 'a') as file:\n"
        "        file.write('x')\n"
        "    time.sleep(2)\n"
        f"    with open({str(runs)!r}, 'a') as file:\n"
        "        file.write('.')\n"
        "    return {}\n"
    )
    settings = ministack.settings()
    hasty = partial(connect_clients, settings, invoke_read_s=1.0)
    async with running_driver(settings, later=hasty) as running:
        await running.driver.deploy(artifact)
        replace_code(ministack, name_of(artifact.key, settings), counting)
        running.connection.renew(running.clients)
        outcome = await running.driver.invoke(an_invocation(artifact))
        await until(lambda: runs.exists() and runs.read_text().endswith("."))

    assert outcome.kind is OutcomeKind.UNKNOWN_OUTCOME
    assert runs.read_text() == "x."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("import os; os._exit(3)", OutcomeKind.CRASHED),
        ("import time; time.sleep(60)", OutcomeKind.TIMEOUT),
        ("return {'v': 1, 'ending': 'answered'}", OutcomeKind.CRASHED),
        ("return 'x' * 100", OutcomeKind.CRASHED),
    ],
)
async def test_an_environment_that_is_broken_is_told_apart(
    ministack: MiniStack, body: str, kind: OutcomeKind
) -> None:
    """Whatever answers in the place of our runner ends the call in a word of ours."""
    artifact = function("broken", wall_s=0.5)
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        name = name_of(artifact.key, ministack.settings())
        replace_code(ministack, name, f"def handler(event, context):\n    {body}\n")

        outcome = await running.driver.invoke(an_invocation(artifact))
        await running.driver.delete(artifact.key)

    assert outcome.kind is kind


async def test_sizes_that_aws_does_not_take_are_told_with_numbers(ministack: MiniStack) -> None:
    """Events beyond 6 MB are not sent; answers beyond it are told by the runner."""
    six = 6 * 1024 * 1024
    echo = function("large", event_bytes=six, result_bytes=six, memory_bytes=256 << 20, cpu_s=10)
    source = "def handler(event, context):\n    return '\"' * 3_000_000\n"
    many = function("many", source, result_bytes=six, cpu_s=10)
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(echo)
        await running.driver.deploy(many)
        event = an_invocation(echo, "x" * (six - 2))
        too_large = await running.driver.invoke(event)
        too_much = await running.driver.invoke(an_invocation(many))

    assert too_large.kind is OutcomeKind.PAYLOAD_TOO_LARGE
    assert too_large.limit is not None
    assert too_large.limit.observed is not None
    assert too_large.limit.observed > six
    assert too_much.kind is OutcomeKind.RESULT_TOO_LARGE


async def test_what_a_call_printed_before_its_end_is_kept(ministack: MiniStack) -> None:
    """A call that is ended at its deadline keeps its log."""
    source = "def handler(event, context):\n    print('before')\n    while True:\n        pass\n"
    artifact = function("prints", source, wall_s=0.3)
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        outcome = await running.driver.invoke(an_invocation(artifact))

    assert (outcome.kind, outcome.logs) == (OutcomeKind.TIMEOUT, "before\n")


async def test_expired_credentials_are_renewed_and_the_call_goes_on(ministack: MiniStack) -> None:
    """The other role is taken on again; a refused signature means that nothing ran."""
    artifact = function("renewed")
    async with running_driver(ministack.settings(subhosting_role=ministack.role)) as running:
        await running.driver.deploy(artifact)
        expired = running.clients
        with injected(expired.invoke, "Invoke", [EXPIRED] * 9) as sent:
            outcome = await running.driver.invoke(an_invocation(artifact, 4))
        renewed = running.clients

    assert outcome.result == 4
    assert len(sent) == 1
    assert renewed is not expired


async def test_health_tells_what_calls_meet(ministack: MiniStack) -> None:
    """A right that was taken away while the driver runs is named at once."""
    denied = answer(
        403,
        "AccessDeniedException",
        "User: arn:aws:iam::1:user/x is not authorized to perform: lambda:InvokeFunction",
    )
    artifact = function("denied")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        before = await running.driver.health()
        with injected(running.clients.invoke, "Invoke", [denied]):
            outcome = await running.driver.invoke(an_invocation(artifact))
        after = await running.driver.health()

    assert before.state is HealthState.OK
    assert outcome.kind is OutcomeKind.MISCONFIGURED
    assert "lambda:InvokeFunction" in outcome.detail
    assert "arn:" not in outcome.detail
    assert (after.state, after.reasons) == (HealthState.DOWN, (outcome.detail,))
