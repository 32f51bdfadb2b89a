"""Calls that meet the end of the driver, or of whoever waits for them."""

import asyncio
from typing import Any

import pytest

from drivers.aws_lambda.caller import Caller, Request
from drivers.aws_lambda.clients import Clients, Connection
from drivers.aws_lambda.faults import Fault
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import OutcomeKind

SETTINGS = LambdaSettings(region="eu-central-1", role="arn:aws:iam::1:role/functions")


class ClientError(Exception):
    """Carries a response as boto3's own does."""

    def __init__(self, status: int, code: str) -> None:
        """Keep the response."""
        super().__init__(code)
        self.response: dict[str, Any] = {
            "Error": {"Code": code},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
        }


class Failing:
    """A client of boto3 that always raises the same."""

    def __init__(self, error: ClientError) -> None:
        """Keep the error."""
        self._error = error

    def invoke(self, **_: object) -> None:
        """Raise."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError(429, "TooManyRequestsException"), OutcomeKind.PLATFORM_ERROR),
        (ClientError(500, "ServiceException"), OutcomeKind.UNKNOWN_OUTCOME),
    ],
    ids=["turned-away", "lost"],
)
async def test_a_call_between_two_attempts_has_its_end_when_the_driver_closes(
    error: ClientError, kind: OutcomeKind
) -> None:
    """It is not sent again; what may have run is still told as such, and no place is lost."""
    client, pausing, go_on = Failing(error), asyncio.Event(), asyncio.Event()

    async def wait(_: float) -> None:
        pausing.set()
        await go_on.wait()

    connection = Connection(SETTINGS, connect=lambda _: Clients(client, client, (ClientError,)))
    caller = Caller(connection, SETTINGS, wait=wait)
    call = asyncio.create_task(caller.send(Request("a", b"", is_idempotent=True)))
    await pausing.wait()
    await caller.close()

    go_on.set()
    fault = await call

    assert isinstance(fault, Fault)
    assert (fault.kind, caller.tally.busy) == (kind, 0)
