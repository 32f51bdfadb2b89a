"""With permissions enforced, what is missing is named, and functions may do nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from drivers.aws_lambda.blueprint import name_of
from drivers.aws_lambda.clients import connect_clients
from drivers.errors import DriverError
from drivers.port import Artifact, HealthState, OutcomeKind
from sanderling.kernel.ids import FunctionId
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.lambdas import replace_code, running_driver
from support.ministack import MiniStack, run_ministack

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "run-on-lambda.md"
ACTIONS = {"Invoke": "lambda:InvokeFunction"}
UNSEEN = {"iam:PassRole", "lambda:TagResource", "lambda:ListTags"}
"""What AWS asks for beside: to give a role, to make with tags, and to tell tags by GetFunction."""
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```", re.DOTALL | re.MULTILINE)


def function(name: str) -> Artifact:
    """Return an artifact of a function of this name."""
    artifact = an_artifact(ECHO.source)
    return replace(artifact, key=replace(artifact.key, function_id=FunctionId(name)))


@pytest.fixture(scope="module")
def strict() -> Iterator[MiniStack]:
    """Return an emulator that asks what a caller may do."""
    with run_ministack(AUTH="true") as running:
        yield running


def credentials(strict: MiniStack, *denied: str) -> dict[str, str]:
    """Return keys of a user who may do everything with functions but what is denied."""
    allowed = {"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"}
    refused = [{"Effect": "Deny", "Action": list(denied), "Resource": "*"}] if denied else []
    return credentials_under(strict, [allowed, *refused])


def credentials_under(strict: MiniStack, statements: list[dict[str, Any]]) -> dict[str, str]:
    """Return keys of a user under these statements."""
    iam = strict.client("iam")
    name = f"user-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "access_key_id": key["AccessKeyId"],
        "secret_access_key": key["SecretAccessKey"],
    }


@pytest.mark.parametrize("action", ["lambda:CreateFunction", "lambda:GetFunction"])
async def test_a_missing_permission_is_named_at_the_start(strict: MiniStack, action: str) -> None:
    """The driver does not start, and its reason has the permission and no secret."""
    keys = credentials(strict, action)

    with pytest.raises(DriverError, match=action) as refused:
        # In a namespace of its own, where even the runner is still to be made.
        async with running_driver(strict.settings(namespace="fresh", **keys)):
            pass

    assert keys["secret_access_key"] not in str(refused.value)


def documented_actions() -> list[str]:
    """Return what the guide tells operators to allow the server."""
    policies = [json.loads(text) for text in JSON_BLOCK.findall(GUIDE.read_text())]
    (allowed,) = (each["Statement"] for each in policies if len(each["Statement"]) > 1)
    actions = [each["Action"] for each in allowed]
    return [name for each in actions for name in ([each] if isinstance(each, str) else each)]


async def test_the_documented_policy_is_enough_for_all_that_the_driver_does(
    strict: MiniStack,
) -> None:
    """Start, deployment, call, draft, health, removal and collection need this and no more."""
    used = set[str]()

    def note(model: Any, **_: object) -> None:
        used.add(ACTIONS.get(model.name, f"lambda:{model.name}"))

    allowed = {"Effect": "Allow", "Action": documented_actions(), "Resource": "*"}
    keys = credentials_under(strict, [allowed])
    artifact, draft = function("fn_allowed"), replace(function("fn_draft"), is_draft=True)
    settings = strict.settings(namespace="minimal", **keys)
    async with running_driver(settings) as running:
        for client in (running.clients.control, running.clients.invoke):
            client.meta.events.register("before-call.lambda", note)
        deployed = [await running.driver.deploy(each) for each in (artifact, draft)]
        outcomes = [await running.driver.invoke(an_invocation(each)) for each in (artifact, draft)]
        health = await running.driver.health()
        await running.driver.delete(artifact.key)
        await running.driver.deploy(artifact)
        collected = await running.driver.collect([], now=datetime.now(UTC) + timedelta(days=30))

    assert {each.kind for each in deployed} == {OutcomeKind.OK}
    assert {each.kind for each in outcomes} == {OutcomeKind.OK}
    assert health.state is HealthState.OK
    assert collected.removed == (name_of(artifact.key, settings),)
    assert set(documented_actions()) == used | UNSEEN


async def test_a_collector_that_may_not_list_or_remove_names_what_is_missing(
    strict: MiniStack,
) -> None:
    """The two permissions that nothing else needs are named as well, also in the log."""
    later = datetime.now(UTC) + timedelta(days=30)
    for action in ("lambda:ListFunctions", "lambda:DeleteFunction"):
        settings = strict.settings(namespace="untidy", **credentials(strict, action))
        async with running_driver(settings) as running:
            await running.driver.deploy(function("fn_left"))

            with pytest.raises(DriverError, match=action), capture_logs() as lines:
                await running.driver.collect([], now=later)

        assert [(line["event"], line["permission"]) for line in lines] == [
            ("lambda.refused", action)
        ]


async def test_a_role_that_may_not_be_taken_on_is_named(strict: MiniStack) -> None:
    """Without `sts:AssumeRole` the driver does not start, and says so."""
    keys = credentials(strict, "sts:AssumeRole")

    with pytest.raises(DriverError, match="sts:AssumeRole"):
        async with running_driver(strict.settings(subhosting_role=strict.role, **keys)):
            pass


async def test_a_call_without_its_permission_is_misconfigured(strict: MiniStack) -> None:
    """The outcome names the permission that a call needs."""
    artifact = function("forbidden")
    keys = credentials(strict, "lambda:InvokeFunction")
    poor = partial(connect_clients, strict.settings(**keys))
    async with running_driver(strict.settings(**credentials(strict)), later=poor) as running:
        await running.driver.deploy(artifact)
        running.connection.renew(running.clients)
        outcome = await running.driver.invoke(an_invocation(artifact))

    assert outcome.kind is OutcomeKind.MISCONFIGURED
    assert "lambda:InvokeFunction" in outcome.detail


async def test_what_runs_in_the_environment_may_do_nothing_at_aws(strict: MiniStack) -> None:
    """Even code that broke out of the guest finds credentials that open nothing."""
    artifact = function("escaped")
    hostile = (
        "import botocore.session, os\n"
        "def handler(event, context):\n"
        "    session = botocore.session.get_session()\n"
        f"    client = session.create_client('lambda', region_name='us-east-1',\n"
        f"        endpoint_url={strict.endpoint_url!r})\n"
        "    client.list_functions()\n"
    )
    async with running_driver(strict.settings(**credentials(strict))) as running:
        await running.driver.deploy(artifact)
        walls = (await running.driver.invoke(an_invocation(artifact))).layers
        name = name_of(artifact.key, strict.settings())
        replace_code(strict, name, hostile)
        told = strict.client("lambda").invoke(FunctionName=name)

    assert {"process", "seccomp"} <= set(walls)
    assert b"AccessDenied" in told["Payload"].read()
