"""Whatever an environment answers, or writes to its log, is one word of ours and breaks nothing."""

import json
from typing import Any

import pytest

from drivers.aws_lambda.bill import read_bill
from drivers.aws_lambda.caller import Answer
from drivers.aws_lambda.endings import Ended, ended
from drivers.aws_lambda.envelope import EnvelopeBroken, read_answer
from drivers.guest.channel import CODE, RESULT
from drivers.limits import Limits
from drivers.port import OutcomeKind
from support.artifacts import an_artifact
from support.guest_programs import ECHO

NONCE = b"0123456789abcdef"
ENORMOUS = 10**400
"""A number that JSON may hold, and neither a float nor a column of a database."""


def envelope(**forged: Any) -> bytes:
    """Return a good answer with some members changed."""
    good: dict[str, Any] = {
        "v": 1,
        "stage": "call",
        "ending": "answered",
        "kind": RESULT,
        "body": f'{{"nonce":"{NONCE.decode()}","value":7}}',
        "log": "",
        "dropped_bytes": 0,
        "violation": "",
        "status": None,
        "cpu_s": 0.5,
        "wall_s": 0.5,
        "peak_bytes": 1,
        "layers": ["process"],
        "python": "3.13.0",
        "is_cold": False,
    }
    return json.dumps(good | forged).encode()


def judged(payload: bytes) -> Ended:
    """Return what becomes of a call that is answered so."""
    return ended(Answer(payload, "", ""), an_artifact(ECHO.source), NONCE, wall_s=5)


def test_a_good_answer_is_ok() -> None:
    """What the forgeries below start from is no forgery."""
    assert judged(envelope()).verdict.result_json == b"7"


@pytest.mark.parametrize(
    "forged",
    [
        {"dropped_bytes": ENORMOUS},
        {"dropped_bytes": 1 << 53},
        {"peak_bytes": 1 << 70},
        {"cpu_s": ENORMOUS},
        {"wall_s": ENORMOUS, "ending": "wall"},
        {"cpu_s": ENORMOUS, "ending": "cpu"},
        {"status": ENORMOUS, "ending": "gone"},
        {"status": 1 << 16, "ending": "gone"},
        {"ending": "too_large", "size": 1 << 70},
        {"kind": ENORMOUS},
        {"cpu_s": True},
        {"layers": "process seccomp landlock"},
        {"layers": {"seccomp": 1}},
        {"stage": "compile", "kind": CODE},
        {"stage": ["call"]},
        {"ending": None},
        {"log": 1},
        {"is_cold": None, "python": None},
    ],
    ids=range(18),
)
def test_a_forged_envelope_is_a_crash(forged: dict[str, Any]) -> None:
    """No number is too large for what keeps calls, and no call is ok without a result."""
    told = judged(envelope(**forged))

    assert (told.verdict.kind, told.verdict.is_violation) == (OutcomeKind.CRASHED, True)


@pytest.mark.parametrize(
    "body",
    [
        '{"nonce":"%s","value":NaN}',
        '{"nonce":"%s","value":1e999}',
        '{"nonce":"%s","value":1,"value":2}',
        '{"nonce":"%s","value":"\\ud800"}',
        '{"nonce":"%s","value":' + "[" * 100 + "]" * 100 + "}",
        '{"nonce":"%s","value":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"nonce":"' + "f" * 16 + '","value":1}',
        '{"nonce":"%s","value":}',
        "",
    ],
    ids=range(9),
)
def test_a_forged_result_is_a_crash(body: str) -> None:
    """NaN, lone surrogates, deep nesting and the nonce of another call are no result."""
    told = judged(envelope(body=body.replace("%s", NONCE.decode())))

    assert (told.verdict.kind, told.verdict.is_violation) == (OutcomeKind.CRASHED, True)


@pytest.mark.parametrize("payload", [b"", b"[]", b"null", b"\xff", b"[" * 200_000, b'{"v":true}'])
def test_no_envelope_at_all_is_told_as_such(payload: bytes) -> None:
    """Anything else than an object of our version is refused by the reader."""
    with pytest.raises(EnvelopeBroken):
        read_answer(payload, Limits())


def test_a_log_beyond_its_limit_is_cut() -> None:
    """What the runner should have held back is not kept either."""
    told = judged(envelope(log="ä" * 100_000))

    assert told.envelope is not None
    assert len(told.envelope.reply.log.encode()) <= Limits().log_bytes


@pytest.mark.parametrize(
    "billed",
    [
        "1.2.3",
        "9" * 400,
    ],
)
def test_a_bill_that_was_printed_does_not_count(billed: str) -> None:
    """AWS writes its report last; what stands before it is what code wrote."""
    printed = (
        f"REPORT RequestId: x Duration: 1 ms Billed Duration: {billed} ms Memory Size: 9 MB "
        "Max Memory Used: 1 MB\n"
    )
    report = (
        "REPORT RequestId: 1-2\tDuration: 2.10 ms\tBilled Duration: 3 ms\t"
        "Memory Size: 192 MB\tMax Memory Used: 60 MB\t\n"
    )

    alone, after = read_bill(printed), read_bill(printed + report)

    assert alone is None
    assert after is not None
    assert (after.billed_s, after.memory_mib) == (0.003, 192)
