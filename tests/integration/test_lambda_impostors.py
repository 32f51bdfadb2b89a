"""Whatever answers in the place of AWS, every request has an end in a word of ours."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from drivers.aws_lambda import LambdaDriver, LambdaSettings
from drivers.aws_lambda.caller import Answer, Caller, Request
from drivers.aws_lambda.clients import Connection
from drivers.aws_lambda.control import Control
from drivers.aws_lambda.faults import Fault, Refused
from drivers.port import OutcomeKind
from sanderling.kernel.units import MIB
from support.impostor import Said, answering

pytestmark = pytest.mark.slow

BROKEN_OFF = "\x1b[31mBad\nThing" + "A" * 100_000


def settings_for(url: str) -> LambdaSettings:
    """Return settings that lead to `url`."""
    given: dict[str, Any] = {
        "region": "us-east-1",
        "role": "arn:aws:iam::1:role/functions",
        "access_key_id": "key",
        "secret_access_key": "secret",
        "endpoint_url": url,
        "control_rps": 1000.0,
        "retry_s": 0.0,
    }
    return LambdaSettings(**given)


def ask(said: Said, act: Callable[[Control], object]) -> Any:
    """Return what `act` returns, or why it was refused, when every request is answered so."""
    with answering(said) as url:
        settings = settings_for(url)
        try:
            return act(Control(Connection(settings), settings))
        except Refused as refused:
            return refused.fault


async def call(said: Said) -> Answer | Fault:
    """Return what becomes of a call when every request is answered so."""
    with answering(said) as url:
        settings = settings_for(url)
        caller = Caller(Connection(settings), settings)
        try:
            return await caller.send(Request("a", b"{}"))
        finally:
            await caller.close()


@pytest.mark.parametrize(
    "body",
    [
        b'{"Configuration":[]}',
        b'{"Configuration":{"State":"Active","TenancyConfig":[1]}}',
        b'{"Configuration":{"State":"Active"},"Tags":["managed-by"]}',
        b'{"Configuration":{"State":"Active","Timeout":"x"}}',
        b'{"Configuration":null}',
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b"<html></html>",
    ],
    ids=range(10),
)
def test_a_function_that_is_told_of_wrongly_is_refused(body: bytes) -> None:
    """Members of wrong types, no JSON and no UTF-8 raise nothing but our own refusal."""
    fault = ask(Said(200, body), lambda control: control.find("a"))

    assert isinstance(fault, Fault)
    assert fault.kind in {OutcomeKind.PLATFORM_ERROR, OutcomeKind.MISCONFIGURED}
    assert "may have run" not in fault.detail


@pytest.mark.parametrize(
    "body",
    [
        b'{"Functions":[{}]}',
        b'{"Functions":[null]}',
        b'{"Functions":[{"FunctionName":5}]}',
        b'{"Functions":"x"}',
        b'{"Functions":{"a":1}}',
        b'{"Functions":null}',
        b'{"Functions":[],"NextMarker":5}',
        b'{"Functions":[{"FunctionName":"sanderling-a"}],"NextMarker":"the same again"}',
    ],
    ids=range(8),
)
def test_a_list_that_is_none_or_has_no_end_is_refused(body: bytes) -> None:
    """A collection neither stumbles over it nor walks through it for ever."""
    fault = ask(Said(200, body), lambda control: list(control.list_all()))

    assert isinstance(fault, Fault)
    assert fault.kind in {OutcomeKind.PLATFORM_ERROR, OutcomeKind.MISCONFIGURED}


@pytest.mark.parametrize(
    ("status", "body"),
    [(502, b"\xff<html>"), (500, b"[]"), (400, b"[]"), (400, b'{"__type":{"a":1}}'), (403, b"5")],
)
async def test_a_call_whose_answer_cannot_be_read_may_have_run(status: int, body: bytes) -> None:
    """What a gateway between says tells nothing of the function, so nobody calls it again."""
    fault = await call(Said(status, body))

    assert isinstance(fault, Fault)
    assert (fault.kind, fault.is_unexecuted) == (OutcomeKind.UNKNOWN_OUTCOME, False)


async def test_an_answer_without_end_is_not_read_to_it() -> None:
    """What is larger than AWS hands on costs no more memory than that, and may have run."""
    fault = await call(Said(200, b"x" * (9 * MIB)))

    assert isinstance(fault, Fault)
    assert (fault.code, fault.is_unexecuted) == ("AnswerTooLarge", False)


async def test_an_answer_that_breaks_off_is_lost() -> None:
    """Fewer bytes than were announced are no answer."""
    fault = await call(Said(200, b"{}", headers=(("content-length", "100"),)))

    assert isinstance(fault, Fault)
    assert fault.kind is OutcomeKind.UNKNOWN_OUTCOME


async def test_a_call_that_is_sent_elsewhere_goes_nowhere() -> None:
    """A redirect, be it to an address of the platform's own network, is not followed."""
    with answering(Said(200, b"{}")) as elsewhere:
        fault = await call(Said(307, b"", headers=(("location", elsewhere),)))

    assert isinstance(fault, Fault)
    assert (fault.kind, fault.is_unexecuted) == (OutcomeKind.MISCONFIGURED, True)


@pytest.mark.parametrize("member", ["__type", "Reason"])
@pytest.mark.parametrize("status", [400, 429])
async def test_words_of_aws_are_cut_before_anybody_reads_them(status: int, member: str) -> None:
    """Neither terminals nor databases get control characters or more than a line of it."""
    said = Said.of(status, {member: BROKEN_OFF, "message": BROKEN_OFF})

    fault = await call(said)

    assert isinstance(fault, Fault)
    assert fault.detail.isprintable()
    assert len(fault.code) + len(fault.detail) + len(fault.permission) < 500


async def test_who_gives_up_on_a_silent_place_waits_for_nothing() -> None:
    """Else a server heard of no other settings while every attempt runs into its time limit."""
    # Connections are taken by the system, and nobody ever reads what is sent.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver = LambdaDriver(settings_for(f"http://127.0.0.1:{silent.getsockname()[1]}"))
        starting = asyncio.create_task(driver.__aenter__())
        connection, _ = await asyncio.to_thread(silent.accept)
        with connection:
            starting.cancel()
            await asyncio.wait([starting], timeout=30)

            assert starting.cancelled()
