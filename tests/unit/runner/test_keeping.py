"""Keeping: what lasts of a call is bounded and holds no secret; its caller gets it whole."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.port import CodeProblem, GuestCause, GuestError, Outcome, OutcomeKind, TraceLine
from runner.call import CallRecord, Part, Withheld, Withholding
from runner.keeping import Keeping, KeepingPolicy
from sanderling.kernel.jsontext import JSON, encode
from sanderling.kernel.masking import REDACTED
from sanderling.kernel.redaction import MAX_NAMES
from sanderling.store.call_rows import call_row
from support.records import a_record
from support.river import River

SECRETS = st.text(st.sampled_from("abcXYZé☃"), min_size=6, max_size=20)
SMALL = KeepingPolicy(max_body_bytes=40)


def a_call(
    event: JSON, result: JSON = None, *, logs: str = "", error: GuestError | None = None
) -> CallRecord:
    """Return the record of a call with these parts."""
    outcome = Outcome(OutcomeKind.OK, "local", result_json=encode(result), logs=logs, error=error)
    return replace(a_record(outcome=outcome), event_json=encode(event))


def kept_parts(record: CallRecord, policy: KeepingPolicy | None = None) -> CallRecord:
    """Return what is kept of a record."""
    return Keeping(policy).kept(record)


def test_a_plain_call_is_kept_as_it_is() -> None:
    """Where nothing is withheld the record is the same object."""
    record = a_call({"name": "Ada", "total": 5}, {"ok": True}, logs="hello\n")

    assert Keeping().kept(record) is record


def test_named_values_are_redacted_in_event_and_result() -> None:
    """The rest of both stays, and the record says so."""
    record = a_call({"user": "ada", "password": "x"}, {"token": [1, {"a": 2}], "n": 1})

    kept = kept_parts(record)

    assert json.loads(kept.event_json) == {"user": "ada", "password": REDACTED}
    assert kept.outcome.result == {"token": REDACTED, "n": 1}
    assert kept.withheld == (
        Withheld(Part.EVENT, Withholding.REDACTED, len(record.event_json)),
        Withheld(Part.RESULT, Withholding.REDACTED, len(record.outcome.result_json or b"")),
    )


def test_a_secret_is_redacted_wherever_the_function_put_it() -> None:
    """Results, logs, errors and their causes may repeat what came in the event."""
    secret = "correct-horse"
    trace = (TraceLine(1, "handler", f"raise ValueError('{secret}')"),)
    error = GuestError(
        "ValueError",
        f"no {secret}",
        trace,
        hint=secret,
        causes=(GuestCause("KeyError", secret, trace),),
        problems=(CodeProblem(secret, hint=secret, text=secret),),
    )
    record = a_call({"password": secret}, {secret: f"hi {secret}"}, logs=f"{secret}!", error=error)
    record = replace(record, outcome=record.outcome._replace(detail=secret))

    kept = kept_parts(record)

    assert secret not in repr(kept)
    assert secret not in repr(call_row(kept, is_sqlite=True))
    assert [each.part for each in kept.withheld] == [
        *(Part.EVENT, Part.RESULT, Part.ERROR, Part.LOGS)
    ]


@given(secret=SECRETS, other=SECRETS)
def test_no_secret_survives_in_the_row(secret: str, other: str) -> None:
    """Whatever the secret is and however it is printed, the row does not hold it."""
    event: JSON = {"a": [{"api-key": secret}], "b": f"x{secret}{other}", "password": {"c": [other]}}
    message = f"{event}{json.dumps(event)}{secret[:-1]}"
    record = a_call(event, [secret, {other: secret}], logs=message, error=GuestError("E", message))

    row = repr(call_row(kept_parts(record), is_sqlite=True))

    assert secret not in row
    assert other not in row
    assert secret.encode() not in b"".join(
        part for part in call_row(kept_parts(record), is_sqlite=True) if isinstance(part, bytes)
    )


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":{"password":"correct-horse"},"a":1}',
        b'{"password":"correct-horse","password":""}',
        b'{"a":{"password":"[redacted]"},"b":{"password":"correct-horse"},"b":1}',
    ],
)
def test_a_name_that_stands_twice_hides_no_secret(text: bytes) -> None:
    """Of two members with one name the first is read by nobody, and is not kept either."""
    record = replace(a_call(None), event_json=text)

    kept = kept_parts(record)

    assert b"correct-horse" not in kept.event_json
    assert [each.reason for each in kept.withheld] == [Withholding.REDACTED]


def test_a_name_that_stands_twice_hides_no_copy() -> None:
    """What the result shows to be secret is in no member of the event."""
    record = replace(
        a_call(None, {"password": "correct-horse"}), event_json=b'{"a":"correct-horse","a":1}'
    )

    assert b"correct-horse" not in kept_parts(record).event_json


def test_what_is_too_large_is_left_out_with_its_digest() -> None:
    """Size and digest tell which it was; a body of exactly the bound stays."""
    fits, large = "x" * 38, "y" * 39
    record = a_call(fits, large)
    result = record.outcome.result_json or b""

    kept = kept_parts(record, SMALL)

    assert kept.event_json == record.event_json
    assert kept.outcome.result_json is None
    digest = hashlib.sha256(result).hexdigest()
    assert kept.withheld == (Withheld(Part.RESULT, Withholding.TOO_LARGE, 41, digest),)


def test_a_secret_in_an_event_that_is_too_large_is_redacted_elsewhere() -> None:
    """An event that is not kept still says what must not be in the logs."""
    record = a_call(
        {"password": "correct-horse-battery-staple-x"}, logs="correct-horse-battery-staple-x"
    )

    kept = kept_parts(record, SMALL)

    assert kept.event_json == b"null"
    assert kept.outcome.logs == REDACTED


@pytest.mark.parametrize(
    "event",
    [
        {"secrets": [f"secret-{number}" for number in range(100)]},
        {"secret": "correct-horse", "many": [{"a": 1} for _ in range(MAX_NAMES)]},
    ],
    ids=["secrets", "names"],
)
def test_what_cannot_be_looked_through_is_hidden(event: JSON) -> None:
    """A hostile event costs its own record, not our time, and nothing slips through."""
    record = a_call(event, "correct-horse", logs="secret-7", error=GuestError("E", "secret-9"))

    kept = kept_parts(record)

    assert json.loads(kept.event_json) == REDACTED
    assert kept.outcome.result == REDACTED
    assert kept.outcome.logs == REDACTED
    assert kept.outcome.error == GuestError(REDACTED, REDACTED)


def test_logs_can_be_turned_off() -> None:
    """What functions print is then not kept, and the record says how much it was."""
    record = a_call(1, logs="hé\n")

    kept = kept_parts(record, KeepingPolicy(are_logs_kept=False))

    assert kept.outcome.logs == ""
    assert kept.withheld == (Withheld(Part.LOGS, Withholding.TURNED_OFF, 4),)
    assert record.outcome.logs == "hé\n"


def test_a_change_of_policy_counts_from_the_next_call_on() -> None:
    """Rules come and go while the process runs; without any, all is kept."""
    keeping = Keeping(KeepingPolicy(rules=()))
    record = a_call({"password": "correct-horse", "iban": "SE123"})
    before = keeping.kept(record)

    keeping.follow(KeepingPolicy(rules=("iban",)))

    assert before is record
    assert json.loads(keeping.kept(record).event_json) == {
        "password": "correct-horse",
        "iban": REDACTED,
    }


async def test_the_caller_gets_what_is_not_kept() -> None:
    """Redaction is for what lasts: the function sees the event, and the caller the result."""
    river = River()
    caller = await river.caller()
    await river.publish(caller)
    event: JSON = {"password": "correct-horse"}

    record = (await river.call(caller, event_json=encode(event))).record

    assert record.outcome.result == event
    kept = await river.calls.get(caller.principal, record.id)
    assert json.loads(kept.event_json) == kept.outcome.result == {"password": REDACTED}
