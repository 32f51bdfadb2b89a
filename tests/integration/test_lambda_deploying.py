"""Versions reach AWS once, whoever brings them, and leave nothing behind that nobody needs."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drivers.aws_lambda import LambdaDriver
from drivers.aws_lambda.blueprint import blueprint_of, name_of
from drivers.aws_lambda.clients import Connection
from drivers.aws_lambda.control import Control
from drivers.errors import DriverError
from drivers.port import Artifact, OutcomeKind
from runner.function import Definition
from sanderling.cli.invoke import run_once
from sanderling.kernel.findings import Standing
from sanderling.kernel.ids import FunctionId
from sanderling.wiring.checkup import trial_call
from support.artifacts import an_artifact, an_invocation
from support.faults import answer, injected
from support.guest_programs import BAD_SYNTAX, ECHO
from support.lambdas import running_driver
from support.ministack import MiniStack, run_ministack

pytestmark = pytest.mark.slow

NOT_YET = answer(
    400,
    "InvalidParameterValueException",
    "The role defined for the function cannot be assumed by Lambda.",
)
SLOW_DOWN = answer(429, "TooManyRequestsException", "Rate exceeded")


@pytest.fixture(scope="module")
def ministack() -> Iterator[MiniStack]:
    """Return one emulator for all of these; each test has functions of its own."""
    with run_ministack() as running:
        yield running


def function(name: str, source: str = ECHO.source) -> Artifact:
    """Return an artifact of a function of this name."""
    artifact = an_artifact(source)
    return replace(artifact, key=replace(artifact.key, function_id=FunctionId(name)))


def names(ministack: MiniStack, part: str) -> list[str]:
    """Return the names of functions at the emulator that hold `part`."""
    listed = ministack.client("lambda").list_functions(MaxItems=1000)["Functions"]
    return [each["FunctionName"] for each in listed if part in each["FunctionName"]]


async def test_eight_who_deploy_the_same_make_it_once(ministack: MiniStack) -> None:
    """Nobody locks, one CreateFunction succeeds, and every deployer can call."""
    artifact = function("race")
    async with running_driver(ministack.settings()) as running:
        settings = ministack.settings()
        controls = [Control(Connection(settings), settings) for _ in range(8)]
        made = await asyncio.gather(
            *(
                asyncio.to_thread(
                    control.ensure, blueprint_of(artifact, settings), within_s=settings.deploy_s
                )
                for control in controls
            )
        )
        await running.driver.deploy(artifact)

        outcome = await running.driver.invoke(an_invocation(artifact, 7))

    assert sorted(made) == [False] * 7 + [True]
    assert names(ministack, "-race-") == [name_of(artifact.key, settings)]
    assert outcome.result == 7


async def test_function_is_what_its_limits_say(ministack: MiniStack) -> None:
    """Timeout, memory, architecture, runtime, log group and tags follow from the artifact."""
    artifact = function("shape")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
        name = name_of(artifact.key, ministack.settings())
        told = running.clients.control.get_function(FunctionName=name)

    about = told["Configuration"]
    assert name.startswith("sanderling-shape-")
    assert (about["Timeout"], about["MemorySize"]) == (7, 192)
    assert (about["Architectures"], about["Runtime"]) == (["arm64"], "python3.13")
    assert about["LoggingConfig"]["LogGroup"] == "/aws/lambda/sanderling"
    assert told["Tags"]["managed-by"] == "sanderling"
    assert told["Tags"]["sanderling:function"] == "shape"
    assert "Environment" not in about or not about["Environment"].get("Variables")


async def test_versions_stand_side_by_side_and_rolling_back_touches_nothing(
    ministack: MiniStack,
) -> None:
    """Both versions answer by their own keys; no request goes to the control plane for that."""
    first = function("twin", "def handler(event, context):\n    return 1\n")
    second = function("twin", "def handler(event, context):\n    return 2\n")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(first)
        await running.driver.deploy(second)
        with injected(running.clients.control, "GetFunction", []) as asked:
            answers = [
                (await running.driver.invoke(an_invocation(each))).result
                for each in (first, second, first)
            ]

    assert answers == [1, 2, 1]
    assert asked == []


async def test_code_that_does_not_compile_leaves_no_function(ministack: MiniStack) -> None:
    """A refused version is removed at once."""
    async with running_driver(ministack.settings()) as running:
        deployment = await running.driver.deploy(function("bad", BAD_SYNTAX))

    assert deployment.kind is OutcomeKind.BAD_CODE
    assert names(ministack, "-bad-") == []


@pytest.mark.parametrize("may_share_runner", [True, False])
async def test_code_that_does_not_compile_is_not_tried_again(
    ministack: MiniStack, *, may_share_runner: bool
) -> None:
    """Whoever calls it all the time costs the control plane, which all share, one function."""
    draft = replace(function("bad_draft", BAD_SYNTAX), is_draft=True)
    async with running_driver(ministack.settings(may_share_runner=may_share_runner)) as running:
        clients = running.clients
        with (
            injected(clients.control, "CreateFunction", []) as made,
            injected(clients.invoke, "Invoke", []) as sent,
        ):
            found = [await running.driver.deploy(draft) for _ in range(3)]
            await running.driver.delete(draft.key)
            again = await running.driver.deploy(draft)

    assert {each.kind for each in (*found, again)} == {OutcomeKind.BAD_CODE}
    assert found[2].error == found[0].error
    assert len(made) == (0 if may_share_runner else 2)
    assert len(sent) == 2


async def test_a_draft_runs_without_a_deployment(ministack: MiniStack) -> None:
    """A draft is compiled and called on the shared runner, under its workspace as tenant."""
    draft = replace(function("sketch"), is_draft=True)
    async with running_driver(ministack.settings()) as running:
        deployment = await running.driver.deploy(draft)
        tenants = list[str]()

        def note(params: dict[str, str], **_: object) -> None:
            tenants.append(params.get("TenantId", ""))

        running.clients.invoke.meta.events.register("before-parameter-build.lambda.Invoke", note)
        outcome = await running.driver.invoke(an_invocation(draft, {"a": 1}))
        bad = await running.driver.deploy(replace(function("sketch", BAD_SYNTAX), is_draft=True))

    assert deployment.kind is OutcomeKind.OK
    assert outcome.result == {"a": 1}
    assert (bad.kind, bad.error is not None) == (OutcomeKind.BAD_CODE, True)
    assert set(tenants) == {"ws_one"}
    assert names(ministack, "-sketch-") == []


async def test_a_published_draft_gets_its_own_function(ministack: MiniStack) -> None:
    """What ran on the shared runner as a draft is deployed when it is published."""
    artifact = function("grown")
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(replace(artifact, is_draft=True))
        await running.driver.deploy(artifact)

        outcome = await running.driver.invoke(an_invocation(artifact, 3))

    assert outcome.result == 3
    assert names(ministack, "-grown-") == [name_of(artifact.key, ministack.settings())]


async def test_without_isolation_by_tenant_drafts_are_deployed(ministack: MiniStack) -> None:
    """Where a region refuses tenancy the runner runs nobody's code."""
    draft = replace(function("plain"), is_draft=True)
    refusal = answer(400, "InvalidParameterValueException", "TenancyConfig is not supported")
    settings = ministack.settings(namespace="untenanted")
    connection = Connection(settings)
    with injected(connection.clients.control, "CreateFunction", [refusal]):
        async with LambdaDriver(settings, connection=connection) as driver:
            deployment = await driver.deploy(draft)
            outcome = await driver.invoke(an_invocation(draft, 5))

    assert (deployment.kind, outcome.result) == (OutcomeKind.OK, 5)
    assert len(names(ministack, "untenanted-plain-")) == 1


async def test_what_is_tried_once_leaves_no_function(ministack: MiniStack) -> None:
    """Where drafts have to be deployed, neither `invoke` nor `doctor` leaves one at AWS."""
    settings = ministack.settings(namespace="once", may_share_runner=False)
    outcome = await run_once(LambdaDriver(settings), Definition(ECHO.source), b"1", name="echo")
    async with LambdaDriver(settings) as driver:
        finding = await trial_call(driver)

    assert (outcome.result, finding.standing) == (1, Standing.OK)
    assert names(ministack, "once-fn_") == []


async def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(ministack: MiniStack) -> None:
    """A new role takes a while to reach Lambda; the deployment goes on until it has."""
    artifact = function("newrole")
    async with running_driver(ministack.settings()) as running:
        with injected(running.clients.control, "CreateFunction", [NOT_YET] * 3) as asked:
            deployment = await running.driver.deploy(artifact)

    assert deployment.kind is OutcomeKind.OK
    assert len(asked) == 4


async def test_a_role_that_is_never_known_is_named(ministack: MiniStack) -> None:
    """In the end the deployment says which setting to look at."""
    async with running_driver(ministack.settings()):
        pass  # The runner is there from here on, however long that takes.
    async with running_driver(ministack.settings(deploy_s=1.0)) as running:
        with injected(running.clients.control, "CreateFunction", [NOT_YET] * 99):
            deployment = await running.driver.deploy(function("norole"))

    assert deployment.kind is OutcomeKind.MISCONFIGURED
    assert "SERVERLESS_LAMBDA_ROLE" in deployment.detail


async def test_a_driver_whose_role_is_never_known_does_not_start(ministack: MiniStack) -> None:
    """Whoever set the role hears so in time, and not that a part was not ready."""
    settings = ministack.settings(namespace="rootless", start_s=1.0)
    connection = Connection(settings)
    with (
        injected(connection.clients.control, "CreateFunction", [NOT_YET] * 99),
        pytest.raises(DriverError, match="SERVERLESS_LAMBDA_ROLE"),
    ):
        async with LambdaDriver(settings, connection=connection):
            pass


async def test_a_throttled_control_plane_is_asked_again(ministack: MiniStack) -> None:
    """Rate limits of the control plane delay a deployment and do not end it."""
    async with running_driver(ministack.settings()) as running:
        with injected(running.clients.control, "CreateFunction", [SLOW_DOWN] * 2) as asked:
            deployment = await running.driver.deploy(function("slow"))

    assert deployment.kind is OutcomeKind.OK
    assert len(asked) == 3


async def test_a_lost_answer_to_a_creation_does_no_harm(ministack: MiniStack) -> None:
    """The request is sent again, and what is there already is taken."""
    lost = answer(500, "ServiceException", "internal")
    artifact = function("lost")
    async with running_driver(ministack.settings()) as running:
        with injected(running.clients.control, "CreateFunction", [lost]) as asked:
            deployment = await running.driver.deploy(artifact)

    assert deployment.kind is OutcomeKind.OK
    assert len(asked) == 2


async def test_changed_code_is_not_called(ministack: MiniStack) -> None:
    """A function whose CodeSha256 is not ours is refused, and the reason says what to do."""
    artifact = function("tampered")
    other = blueprint_of(
        function("tampered", "def handler(e, c):\n    return 0\n"), ministack.settings()
    )
    async with running_driver(ministack.settings()) as running:
        await running.driver.deploy(artifact)
    name = name_of(artifact.key, ministack.settings())
    ministack.client("lambda").update_function_code(FunctionName=name, ZipFile=other.bundle.content)
    async with running_driver(ministack.settings()) as running:
        deployment = await running.driver.deploy(artifact)

    assert deployment.kind is OutcomeKind.MISCONFIGURED
    assert "CodeSha256" in deployment.detail


@pytest.mark.parametrize(
    "other",
    [
        {"Environment": {"Variables": {"PYTHONSTARTUP": "/opt/other.py"}}},
        {"Role": "arn:aws:iam::000000000000:role/mighty"},
        {"Handler": "other.handler"},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_our_code_in_other_surroundings_is_not_called(
    ministack: MiniStack, other: dict[str, object]
) -> None:
    """Made under our name, with our code and our tags, it still is not what was to be made."""
    (member,) = other
    artifact, settings = function(f"ahead{member}"), ministack.settings()
    request = blueprint_of(artifact, settings).request(settings) | other
    ministack.client("lambda").create_function(**request)
    async with running_driver(settings) as running:
        deployment = await running.driver.deploy(artifact)

    assert deployment.kind is OutcomeKind.MISCONFIGURED
    assert f"({member} differ)" in deployment.detail


async def test_a_foreign_function_of_our_name_is_left_alone(ministack: MiniStack) -> None:
    """Without our tags a function is neither called nor removed."""
    artifact = function("foreign")
    settings = ministack.settings()
    request = blueprint_of(artifact, settings).request(settings) | {"Tags": {"team": "other"}}
    ministack.client("lambda").create_function(**request)
    async with running_driver(ministack.settings()) as running:
        deployment = await running.driver.deploy(artifact)
        await running.driver.delete(artifact.key)

    assert deployment.kind is OutcomeKind.MISCONFIGURED
    assert len(names(ministack, "-foreign-")) == 1


async def test_deleting_removes_the_function(ministack: MiniStack) -> None:
    """A deleted version is gone at AWS, and others get it deployed again when they call."""
    artifact = function("gone")
    async with (
        running_driver(ministack.settings()) as running,
        running_driver(ministack.settings()) as other,
    ):
        await running.driver.deploy(artifact)
        await other.driver.deploy(artifact)
        await running.driver.delete(artifact.key)
        left = names(ministack, "-gone-")
        missed = await other.driver.invoke(an_invocation(artifact, 1))
        await other.driver.deploy(artifact)
        served = await other.driver.invoke(an_invocation(artifact, 1))

    assert left == []
    assert missed.kind is OutcomeKind.NOT_DEPLOYED
    assert served.result == 1


async def test_the_collector_removes_only_what_is_ours_old_and_not_referenced(
    ministack: MiniStack,
) -> None:
    """Referenced ones stay, the newest three of each stay, foreign ones stay, the rest goes."""
    chosen = {"namespace": "tidy"}
    settings = ministack.settings(**chosen)
    versions = [
        function("many", f"def handler(event, context):\n    return {number}\n")
        for number in range(6)
    ]
    foreign = blueprint_of(function("stranger"), settings).request(settings)
    ministack.client("lambda").create_function(**foreign | {"Tags": {"team": "other"}})
    async with running_driver(ministack.settings(**chosen)) as running:
        for version in versions:
            await running.driver.deploy(version)
            # The list tells times in whole seconds.
            await asyncio.sleep(0)
        keep = [versions[0].key]
        later = datetime.now(UTC) + timedelta(days=8)
        young = await running.driver.collect(keep, now=datetime.now(UTC))
        collected = await running.driver.collect(keep, now=later)

    left = names(ministack, "tidy-many-")
    assert young.removed == ()
    assert name_of(versions[0].key, settings) in left
    assert len(collected.removed) in {2, 3}
    assert len(left) == 6 - len(collected.removed)
    assert len(collected.foreign) == 1
    assert len(names(ministack, "tidy-stranger-")) == 1
    assert len(names(ministack, "tidy-runner-")) == 1


async def test_a_missing_setting_of_credentials_keeps_the_driver_from_starting(
    ministack: MiniStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any credentials the start is refused, and the reason names the settings."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")

    with pytest.raises(DriverError, match="SERVERLESS_LAMBDA_ACCESS_KEY_ID"):
        async with running_driver(ministack.settings(access_key_id="", secret_access_key="")):
            pass
