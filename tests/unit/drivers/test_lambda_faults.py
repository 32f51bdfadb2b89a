"""Every way in which AWS can be missed is told in words of ours, and asked again boundedly."""

import asyncio
import itertools
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3.exceptions
from botocore.response import StreamingBody  # type: ignore[import-untyped] # it has no types.
from structlog.testing import capture_logs

from drivers.aws_lambda.blueprint import blueprint_of
from drivers.aws_lambda.caller import Caller, Request
from drivers.aws_lambda.clients import Clients, Connection, connect_clients
from drivers.aws_lambda.control import Control
from drivers.aws_lambda.faults import Fault, Refused, fault_of
from drivers.aws_lambda.refusals import note_refusal
from drivers.aws_lambda.settings import LambdaSettings
from drivers.aws_lambda.subhosting import Subhosting
from drivers.port import OutcomeKind
from support.artifacts import an_artifact
from support.aws_errors import ClientError

SETTINGS = LambdaSettings(region="eu-central-1", role="arn:aws:iam::1:role/functions")


class ReadTimeoutError(Exception):
    """Has the name of what boto3 raises when an answer is not there in time."""


class EndpointConnectionError(Exception):
    """Has the name of what boto3 raises when nobody listens."""


LATE, EXPIRED = ReadTimeoutError(), ClientError(403, "ExpiredTokenException")
BUSY = ClientError(429, "TooManyRequestsException")


class Answering:
    """A client of boto3 that raises or returns what it was given, and then the last of it."""

    def __init__(self, *answers: Any) -> None:
        """Keep the answers."""
        self._answers = list(answers)
        self.asked = 0

    def get_function(self, **_: Any) -> Any:
        """Answer."""
        self.asked += 1
        told = self._answers[min(self.asked, len(self._answers)) - 1]
        if isinstance(told, Exception):
            raise told
        return told

    list_functions = invoke = assume_role = get_function


def connection_to(client: Answering) -> Connection:
    """Return a connection whose credentials are old at every look."""
    looks = itertools.count(step=3600.0)
    errors = (ClientError, ReadTimeoutError, RuntimeError)
    return Connection(
        SETTINGS,
        connect=lambda _: Clients(client, client, errors),
        now_s=lambda: next(looks),
    )


def refused(act: Callable[[], object]) -> Fault:
    """Return why `act` was refused."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.fault


@pytest.mark.parametrize("lost", [LATE, ClientError(500, "ServiceException")])
def test_a_lost_answer_of_the_control_plane_is_safe_to_ask_again(lost: Exception) -> None:
    """No function runs when one is looked for, so nobody is told that it may have run."""
    fault = refused(lambda: Control(connection_to(Answering(lost)), SETTINGS).find("a"))

    assert fault.kind is OutcomeKind.PLATFORM_ERROR
    assert "may have run" not in fault.detail


def test_credentials_that_stay_expired_are_renewed_once() -> None:
    """However slowly AWS refuses, the control plane is not asked for ever."""
    client = Answering(*[EXPIRED] * 10, AssertionError("asked for ever"))

    fault = refused(lambda: Control(connection_to(client), SETTINGS).find("a"))

    assert (fault.kind, client.asked) == (OutcomeKind.MISCONFIGURED, 2)


@pytest.mark.parametrize("ask", ["find", "list_all"])
def test_something_else_than_lambda_at_the_endpoint_is_told(ask: str) -> None:
    """A web server answers anything with 200, and nothing of it is what was asked for."""
    control = Control(connection_to(Answering({})), SETTINGS)
    asks = {"find": lambda: control.find("a"), "list_all": lambda: list(control.list_all())}

    fault = refused(asks[ask])

    assert fault.kind is OutcomeKind.MISCONFIGURED
    assert "SERVERLESS_LAMBDA_ENDPOINT_URL" in fault.detail


@pytest.mark.parametrize(
    ("member", "kind", "permission"),
    [
        ({"TagsError": {"ErrorCode": "AccessDeniedException"}}, "misconfigured", "lambda:ListTags"),
        ({"TagsError": {"ErrorCode": "InternalError"}}, "platform_error", ""),
        ({}, "misconfigured", "lambda:ListTags"),
        ({"Tags": {}}, "misconfigured", "lambda:ListTags"),
        ({"Tags": {"team": "other"}}, "misconfigured", ""),
    ],
)
def test_a_function_whose_tags_are_not_told_is_not_called_foreign(
    member: dict[str, Any], kind: str, permission: str
) -> None:
    """AWS leaves them out where one permission is missing; that one is named."""
    told = {"Configuration": {"FunctionName": "x", "State": "Active"}, **member}
    blueprint = blueprint_of(an_artifact("def handler(event, context):\n    pass\n"), SETTINGS)
    control = Control(connection_to(Answering(told)), SETTINGS)

    fault = refused(lambda: control.ensure(blueprint, within_s=9.0))

    assert (fault.kind.value, fault.permission) == (kind, permission)
    assert permission in fault.detail


async def send(*answers: Any) -> Any:
    """Return what becomes of an idempotent request."""

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    caller = Caller(connection_to(Answering(*answers)), SETTINGS, wait=at_once, now_s=lambda: 0.0)
    try:
        return await caller.send(Request("a", b"", is_idempotent=True))
    finally:
        await caller.close()


async def test_what_may_have_run_is_never_told_as_not_run() -> None:
    """After a lost answer the second attempt is turned away: the first one may have run."""
    denied = ClientError(403, "AccessDeniedException")

    assert (await send(LATE, denied)).kind is OutcomeKind.UNKNOWN_OUTCOME
    assert (await send(BUSY, denied)).kind is OutcomeKind.MISCONFIGURED


@pytest.mark.parametrize(
    "broken",
    [
        urllib3.exceptions.SSLError("bad record"),
        urllib3.exceptions.DecodeError("no gzip"),
        urllib3.exceptions.ProtocolError("reset"),
        ssl.SSLError("unexpected eof"),
        ConnectionResetError(),
    ],
    ids=repr,
)
async def test_an_answer_that_breaks_off_is_of_a_call_that_may_have_run(broken: Exception) -> None:
    """Whatever reading it raises, the head of the answer was there, so the function had run."""

    class Breaking:
        def read(self, _: int) -> bytes:
            raise broken

    told = {"Payload": StreamingBody(Breaking(), 100)}
    errors = connect_clients(replace(SETTINGS, access_key_id="a", secret_access_key="b")).errors
    client = Answering(told)
    caller = Caller(
        Connection(SETTINGS, connect=lambda _: Clients(client, client, errors)), SETTINGS
    )
    try:
        fault = await caller.send(Request("a", b""))
    finally:
        await caller.close()

    assert isinstance(fault, Fault)
    assert (fault.kind, fault.is_unexecuted) == (OutcomeKind.UNKNOWN_OUTCOME, False)
    assert client.asked == 1


async def test_an_answer_is_not_waited_for_longer_than_its_call_may_take() -> None:
    """The call may have run; its place stays taken until the request is over."""
    is_over = threading.Event()

    class Silent(Answering):
        def invoke(self, **_: Any) -> Any:
            is_over.wait(60)
            raise LATE

    caller = Caller(connection_to(Silent()), SETTINGS)
    try:
        fault = await caller.send(Request("a", b"", patience_s=0.01))
        busy = caller.tally.busy
    finally:
        is_over.set()
        await caller.close()
    await asyncio.sleep(0)

    assert isinstance(fault, Fault)
    assert (fault.kind, fault.is_unexecuted) == (OutcomeKind.UNKNOWN_OUTCOME, False)
    assert (busy, caller.tally.busy) == (1, 0)


async def test_credentials_that_cannot_be_had_run_nothing() -> None:
    """What the chain of AWS raises before anything is sent is told as such."""
    stale = RuntimeError("Credentials were refreshed, but the credentials are still expired.")

    fault = await send(stale)

    assert (fault.kind, fault.is_unexecuted) == (OutcomeKind.MISCONFIGURED, True)
    assert "clock" in fault.detail


def subhosting(*answers: Any) -> Callable[[], object]:
    """Return what asks for credentials of another role, and is answered so."""
    role = Subhosting(Answering(*answers), "arn:aws:iam::2:role/sub", (ClientError, LATE.__class__))
    return lambda: role.load().get_frozen_credentials()


def test_a_role_that_cannot_be_taken_on_runs_nothing() -> None:
    """Whatever STS answers, or does not, is no unknown outcome of a function."""
    denied = refused(subhosting(ClientError(403, "AccessDenied", "no")))
    lost = refused(subhosting(LATE))

    assert (denied.kind, denied.permission) == (OutcomeKind.MISCONFIGURED, "sts:AssumeRole")
    assert (lost.kind, lost.is_unexecuted) == (OutcomeKind.PLATFORM_ERROR, True)


@pytest.mark.parametrize(("hours", "is_told"), [(-1, True), (1, False)])
def test_credentials_that_end_before_they_begin_point_at_the_clock(
    hours: int, *, is_told: bool
) -> None:
    """A machine whose clock is ahead takes each new session for expired."""
    ask = subhosting(session(60 * hours))

    if not is_told:
        assert ask()
        return
    fault = refused(ask)
    assert fault.kind is OutcomeKind.MISCONFIGURED
    assert "clock" in fault.detail
    assert "open-sesame" not in repr(fault)


def session(minutes: float) -> dict[str, Any]:
    """Return what STS answers for a session of so many minutes."""
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    keys = {"AccessKeyId": "A", "SecretAccessKey": "open-sesame", "SessionToken": "open-sesame"}
    return {"Credentials": {**keys, "Expiration": ends}}


@pytest.mark.parametrize(("minutes", "asked"), [(60, 1), (14, 2)])
def test_a_session_is_renewed_a_quarter_of_an_hour_early(minutes: float, asked: int) -> None:
    """While it is fresh nobody asks again; near its end the next request renews it."""
    sts = Answering(session(minutes), session(60))
    credentials = Subhosting(sts, "arn:aws:iam::2:role/sub", (ClientError,)).load()

    for _ in range(3):
        credentials.get_frozen_credentials()

    assert sts.asked == asked


def test_a_session_that_cannot_be_renewed_yet_serves_to_its_end() -> None:
    """While STS is away calls go on with what is still good."""
    role = Subhosting(Answering(session(14), LATE), "arn:aws:iam::2:role/sub", (LATE.__class__,))
    credentials = role.load()

    used = [credentials.get_frozen_credentials().access_key for _ in range(2)]

    assert used == ["A", "A"]


@pytest.mark.parametrize("message", ["Signature expired: 2026", "Signature not yet current: 2026"])
def test_a_signature_of_another_time_points_at_the_clock(message: str) -> None:
    """The keys are right, so nobody is sent to look at them."""
    fault = fault_of(ClientError(403, "InvalidSignatureException", message), "a:b")

    assert "clock" in fault.detail
    assert "SERVERLESS_LAMBDA_ACCESS_KEY_ID" not in fault.detail


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (ClientError(400, "CodeStorageExceededException", "Code storage limit"), "no room"),
        (
            ClientError(403, "AccessDeniedException", "Cross-account pass role is not allowed."),
            "SERVERLESS_LAMBDA_SUBHOSTING_ROLE",
        ),
        (ClientError(403, "UnrecognizedClientException", "token invalid"), "switched on"),
        (EndpointConnectionError(), "SERVERLESS_LAMBDA_REGION"),
    ],
    ids=lambda value: getattr(value, "code", None) or str(value)[:20],
)
def test_what_an_operator_gets_wrong_is_told_by_its_setting(error: Exception, names: str) -> None:
    """A role of another account, a region without a switch: no permission is asked for."""
    fault = fault_of(error, "lambda:CreateFunction")

    assert names in fault.detail
    assert fault.permission == ""


def test_a_refused_request_is_logged_with_what_aws_says_and_no_token() -> None:
    """Of a wrong signature AWS tells the whole text that was signed, which stays out of the log."""
    told = ClientError(400, "ValidationException", "Value 'x' at 'role' is no ARN. " * 99)
    signed = ClientError(403, "InvalidSignatureException", "x-amz-security-token:open-sesame")

    with capture_logs() as lines:
        for error in (told, signed):
            note_refusal(fault_of(error, "lambda:CreateFunction"))

    assert lines[0]["message"].startswith("Value 'x' at 'role'")
    assert len(lines[0]["message"]) <= 300
    assert "open-sesame" not in str(lines)


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, region="eu central"), replace(SETTINGS, endpoint_url="nonsense")],
    ids=["region", "endpoint"],
)
def test_settings_that_boto3_cannot_use_are_refused_in_words(settings: LambdaSettings) -> None:
    """Its own exceptions, of many kinds, do not reach those who start a driver."""
    fault = refused(lambda: Connection(settings).clients)

    assert fault.kind is OutcomeKind.MISCONFIGURED
    assert "SERVERLESS_LAMBDA_REGION" in fault.detail
    assert "SERVERLESS_LAMBDA_ENDPOINT_URL" in fault.detail


def test_a_profile_that_is_not_there_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain of AWS is asked when the driver starts, and what it lacks is told."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert "AWS_PROFILE" in refused(lambda: Connection(SETTINGS).clients).detail


@pytest.mark.slow
def test_every_error_that_invoke_may_meet_says_whether_the_function_ran() -> None:
    """By the library's own list, only a failure of the service itself leaves that open."""
    client: Any = connect_clients(
        replace(SETTINGS, access_key_id="a", secret_access_key="b")
    ).invoke
    shapes = client.meta.service_model.operation_model("Invoke").error_shapes
    faults = {
        shape.name: fault_of(
            ClientError(shape.metadata["error"]["httpStatusCode"], shape.name),
            "lambda:InvokeFunction",
        )
        for shape in shapes
    }

    unknown = {name for name, fault in faults.items() if not fault.is_unexecuted}
    told_as_denied = {name for name, fault in faults.items() if fault.permission}
    assert len(faults) > 40
    assert unknown == {"ServiceException"}
    assert told_as_denied == set()
    assert all(fault.detail for fault in faults.values())
