"""The parts of the Lambda driver that need no server: contents, names, words and prices."""

import io
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog
import structlog.testing

from config.broadcaster import PREPARE_TIMEOUT_S
from drivers.aws_lambda.bill import read_bill
from drivers.aws_lambda.blueprint import blueprint_of, function_of, name_of, runner_blueprint
from drivers.aws_lambda.bundle import function_bundle
from drivers.aws_lambda.caller import Answer
from drivers.aws_lambda.collector import superfluous
from drivers.aws_lambda.control import Listed
from drivers.aws_lambda.endings import compiled, ended
from drivers.aws_lambda.faults import fault_of
from drivers.aws_lambda.pacing import Pace
from drivers.aws_lambda.settings import LambdaSettings
from drivers.limits import Limits
from drivers.port import OutcomeKind
from sanderling.kernel.ids import FunctionId
from support.artifacts import an_artifact
from support.guest_programs import ECHO

SETTINGS = LambdaSettings(region="eu-central-1", role="arn:aws:iam::1:role/functions")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IDENTICAL = "import zoneinfo\n" + ECHO.source


class ClientError(Exception):
    """Carries a response as boto3's own does."""

    def __init__(self, status: int, code: str, message: str = "", retry_after: str = "") -> None:
        """Keep the response."""
        super().__init__(code)
        self.response = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": {"retry-after": retry_after} if retry_after else {},
            },
        }


class ReadTimeoutError(Exception):
    """Has the name of what boto3 raises when an answer is not there in time."""


class SSLError(Exception):
    """Has the name of what boto3 raises when TLS fails, at the start or while an answer is read."""


class EndpointConnectionError(Exception):
    """Has the name of what boto3 raises when nobody listens."""


class NoCredentialsError(Exception):
    """Has the name of what boto3 raises when it finds no credentials."""


def test_the_same_version_is_the_same_bytes() -> None:
    """Two packings are equal to the last byte, with sorted names and fixed times."""
    first, second = (function_bundle(an_artifact(IDENTICAL)) for _ in range(2))

    names = zipfile.ZipFile(io.BytesIO(first.content)).infolist()
    assert first == second
    assert {entry.date_time for entry in names} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in names} == {0o644}


def test_a_function_brings_the_zones_only_if_it_reads_them() -> None:
    """The guest, the compiler and the function are there; the zones only where they are used."""
    plain, zoned = (
        set(zipfile.ZipFile(io.BytesIO(function_bundle(an_artifact(source)).content)).namelist())
        for source in (ECHO.source, IDENTICAL)
    )

    assert {
        "runner.py",
        "function.py",
        "function.json",
        "drivers/guest/remote.py",
        "compiler/RestrictedPython/transformer.py",
    } <= plain
    assert "zones/Europe/Berlin" in zoned - plain


@pytest.mark.parametrize(
    "other",
    [
        replace(SETTINGS, role="arn:aws:iam::1:role/other"),
        replace(SETTINGS, runtime="python3.14"),
        replace(SETTINGS, architecture="x86_64"),
        replace(SETTINGS, namespace="other"),
    ],
)
def test_whatever_changes_a_function_changes_its_name(other: LambdaSettings) -> None:
    """An existing function is never asked to be another one."""
    key = an_artifact(ECHO.source).key

    assert name_of(key, other) != name_of(key, SETTINGS)


def test_names_are_short_enough_and_read_back() -> None:
    """The longest namespace and a real id fit into 64 characters."""
    settings = replace(SETTINGS, namespace="n" * 20)
    key = replace(an_artifact(ECHO.source).key, function_id=FunctionId("fn_" + "0" * 26))

    name = name_of(key, settings)

    assert len(name) <= 64
    assert function_of(name, settings) == key.function_id
    assert function_of("nn-other-0123", settings) is None
    assert function_of(runner_blueprint(settings, is_per_tenant=True).name, settings) == "runner"


def test_timeout_and_memory_follow_from_the_limits() -> None:
    """AWS ends what our runner could not, two seconds later; its own needs come on top."""
    limits = Limits(wall_s=12.5, memory_bytes=512 << 20)

    blueprint = blueprint_of(an_artifact(ECHO.source, limits=limits), SETTINGS)

    assert (blueprint.timeout_s, blueprint.memory_mib) == (15, 640)


@pytest.mark.parametrize(
    ("error", "kind", "is_unexecuted"),
    [
        (ClientError(429, "TooManyRequestsException"), OutcomeKind.THROTTLED, True),
        (ClientError(404, "ResourceNotFoundException"), OutcomeKind.NOT_DEPLOYED, True),
        (ClientError(409, "ResourceConflictException"), OutcomeKind.PLATFORM_ERROR, True),
        (ClientError(502, "ENINotReadyException"), OutcomeKind.PLATFORM_ERROR, True),
        (ClientError(413, "RequestTooLargeException"), OutcomeKind.PAYLOAD_TOO_LARGE, True),
        (ClientError(403, "AccessDeniedException"), OutcomeKind.MISCONFIGURED, True),
        (ClientError(403, "ExpiredTokenException"), OutcomeKind.MISCONFIGURED, True),
        (ClientError(403, "UnrecognizedClientException"), OutcomeKind.MISCONFIGURED, True),
        (ClientError(502, "KMSAccessDeniedException"), OutcomeKind.MISCONFIGURED, True),
        (ClientError(502, "InvalidRuntimeException"), OutcomeKind.MISCONFIGURED, True),
        (ClientError(400, "InvalidParameterValueException"), OutcomeKind.MISCONFIGURED, True),
        (ClientError(500, "ServiceException"), OutcomeKind.UNKNOWN_OUTCOME, False),
        (ClientError(503, "Whatever"), OutcomeKind.UNKNOWN_OUTCOME, False),
        (ReadTimeoutError(), OutcomeKind.UNKNOWN_OUTCOME, False),
        (SSLError(), OutcomeKind.UNKNOWN_OUTCOME, False),
        (EndpointConnectionError(), OutcomeKind.PLATFORM_ERROR, True),
        (NoCredentialsError(), OutcomeKind.MISCONFIGURED, True),
    ],
)
def test_every_fault_has_one_word(
    error: Exception, kind: OutcomeKind, *, is_unexecuted: bool
) -> None:
    """What is ambiguous is unknown, and nothing else is."""
    fault = fault_of(error, "lambda:InvokeFunction")

    assert (fault.kind, fault.is_unexecuted) == (kind, is_unexecuted)
    assert fault.detail


def test_a_fault_tells_when_to_come_back_and_what_is_missing() -> None:
    """Retry-After is bounded; of a denial the permission is told and the account is not."""
    message = "User: arn:aws:iam::12:user/x is not authorized to perform: iam:PassRole on resource"

    throttled = fault_of(ClientError(429, "TooManyRequestsException", retry_after="1e9"), "a:b")
    denied = fault_of(ClientError(403, "AccessDeniedException", message), "lambda:CreateFunction")

    assert throttled.retry_after_s == 3600.0
    assert denied.permission == "iam:PassRole"
    assert "arn:" not in denied.detail


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b'{"errorType":"Sandbox.Timedout","errorMessage":""}', OutcomeKind.TIMEOUT),
        (b'{"errorMessage":"x Task timed out after 3.00 seconds"}', OutcomeKind.TIMEOUT),
        (b'{"errorType":"Runtime.OutOfMemory","errorMessage":""}', OutcomeKind.OUT_OF_MEMORY),
        (
            b'{"errorType":"Runtime.ExitError","errorMessage":"signal: killed"}',
            OutcomeKind.OUT_OF_MEMORY,
        ),
        (b'{"errorType":"Runtime.ExitError","errorMessage":"exit status 3"}', OutcomeKind.CRASHED),
        (b'{"errorType":"Function.ResponseSizeTooLarge"}', OutcomeKind.RESULT_TOO_LARGE),
        (b'{"errorType":"Runtime.ImportModuleError"}', OutcomeKind.PLATFORM_ERROR),
        (b"not json", OutcomeKind.CRASHED),
        (b"[1]", OutcomeKind.CRASHED),
    ],
)
def test_every_end_that_aws_tells_has_one_word(payload: bytes, kind: OutcomeKind) -> None:
    """What our runner could not tell any more is read from AWS's own error."""
    answer = Answer(payload, "Unhandled", "")

    told = ended(answer, an_artifact(ECHO.source), b"0" * 16, wall_s=5)

    assert told.verdict.kind is kind


def test_a_bill_is_read_and_priced() -> None:
    """Billed time, memory and start are in the report; the price is AWS's list price."""
    tail = (
        "REPORT RequestId: 1-2\tDuration: 2.10 ms\tBilled Duration: 1000 ms\t"
        "Memory Size: 1024 MB\tMax Memory Used: 60 MB\tInit Duration: 250.50 ms\t\n"
    )

    bill = read_bill(tail)

    assert bill is not None
    assert (bill.billed_s, bill.memory_mib, bill.init_s) == (1.0, 1024, 0.2505)
    assert bill.cost("arm64") == pytest.approx(0.0000133334 + 0.0000002)
    assert read_bill("START\nEND\n") is None


def test_a_start_ends_before_whoever_waits_for_it_gives_up() -> None:
    """Else nobody would hear which setting of AWS is wrong, only that it took too long."""
    assert SETTINGS.start_s < PREPARE_TIMEOUT_S


def test_the_pace_lets_a_burst_through_and_then_one_after_another() -> None:
    """Ten at once, then each a tenth of a second after the one before."""
    paused = list[float]()
    pace = Pace(10, now_s=lambda: 100.0, pause=paused.append)

    for _ in range(13):
        pace.wait()

    assert paused == pytest.approx([0.1, 0.2, 0.3])


def test_only_old_unreferenced_functions_beyond_the_newest_are_superfluous() -> None:
    """Referenced, young, newest and foreign ones stay; of a deleted function none stays."""
    kept = replace(an_artifact(ECHO.source).key, function_id=FunctionId("fn_a"))
    listed = [
        *(Listed(f"sanderling-fn_a-{age:012}", NOW - timedelta(days=age)) for age in range(1, 15)),
        Listed(name_of(kept, SETTINGS), NOW - timedelta(days=400)),
        Listed("sanderling-fn_gone-000000000001", NOW - timedelta(days=9)),
        Listed("sanderling-fn_gone-000000000002", NOW - timedelta(days=1)),
        Listed("sanderling-short", NOW - timedelta(days=900)),
        Listed("other-fn_a-000000000001", NOW - timedelta(days=900)),
    ]

    found = superfluous(listed, [kept], SETTINGS, now=NOW)

    assert sorted(found) == sorted(
        [
            *(f"sanderling-fn_a-{age:012}" for age in range(7, 15)),
            "sanderling-fn_gone-000000000001",
        ]
    )


@pytest.mark.parametrize("is_per_tenant", [True, False])
def test_the_runner_in_use_is_never_superfluous(*, is_per_tenant: bool) -> None:
    """Whoever went back to earlier settings uses an old runner, with newer ones beside it."""
    used = runner_blueprint(SETTINGS, is_per_tenant=is_per_tenant).name
    later = [Listed(f"sanderling-runner-{age:012}", NOW - timedelta(days=age)) for age in range(4)]

    found = superfluous(
        [*later, Listed(used, NOW - timedelta(days=900))], [], SETTINGS, now=NOW, grace=timedelta()
    )

    assert found == ["sanderling-runner-000000000003"]


def test_why_the_runner_does_not_work_is_in_the_log() -> None:
    """The detail sends operators to the log, and there they find AWS's own words."""
    payload = b'{"errorType":"Runtime.ImportModuleError","errorMessage":"No module named \'x\'"}'

    with structlog.testing.capture_logs() as lines:
        told = compiled(Answer(payload, "Unhandled", ""), an_artifact(ECHO.source))

    assert told.kind is OutcomeKind.PLATFORM_ERROR
    assert "log of the server" in told.detail
    assert [(line["event"], line["error"]) for line in lines] == [
        ("lambda.runner-failed", "Runtime.ImportModuleError")
    ]
