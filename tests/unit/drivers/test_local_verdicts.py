"""Each way in which an exchange ends has its own word."""

import signal

import pytest

from drivers.guest.channel import ERROR, NO_MEMORY_STATUS, RESULT
from drivers.limits import Limits
from drivers.port import OutcomeKind
from drivers.replies.exchange import Death, Ending, Reply
from drivers.replies.verdicts import Verdict, judge
from sanderling.kernel.units import MIB
from support.artifacts import an_artifact

NONCE = b"0123456789abcdef"
ARTIFACT = an_artifact("def handler(event, context):\n    pass\n", limits=Limits(result_bytes=8))


def verdict(reply: Reply) -> Verdict:
    """Judge a reply to a call that had five seconds."""
    return judge(reply, ARTIFACT, NONCE, wall_s=5.0, is_reused=True)


def died(status: int, *, peak_bytes: int = 0) -> Reply:
    """Return the reply of a worker that is gone."""
    return Reply(Ending.GONE, cpu_s=1.5, death=Death(status, peak_bytes, 1.5))


def answered(kind: int, body: str) -> Reply:
    """Return a reply that came."""
    return Reply(Ending.ANSWERED, kind=kind, body=body.encode())


@pytest.mark.parametrize(
    ("reply", "kind", "limit"),
    [
        (answered(RESULT, f'{{"nonce":"{NONCE.decode()}","value":1}}'), OutcomeKind.OK, None),
        (
            answered(RESULT, f'{{"nonce":"{NONCE.decode()}","value":"123456"}}'),
            OutcomeKind.OK,
            None,
        ),
        (
            answered(RESULT, f'{{"nonce":"{NONCE.decode()}","value":"1234567"}}'),
            OutcomeKind.RESULT_TOO_LARGE,
            "result_bytes",
        ),
        (
            answered(ERROR, f'{{"nonce":"{NONCE.decode()}","kind":"out_of_memory"}}'),
            OutcomeKind.OUT_OF_MEMORY,
            "memory_bytes",
        ),
        (
            answered(ERROR, f'{{"nonce":"{NONCE.decode()}","kind":"result_too_large","size":9}}'),
            OutcomeKind.RESULT_TOO_LARGE,
            "result_bytes",
        ),
        (
            answered(ERROR, f'{{"nonce":"{NONCE.decode()}","kind":"bad_result"}}'),
            OutcomeKind.BAD_RESULT,
            None,
        ),
        (answered(RESULT, "{}"), OutcomeKind.CRASHED, None),
        (Reply(Ending.WALL, wall_s=5.001), OutcomeKind.TIMEOUT, "wall_s"),
        (Reply(Ending.CPU, cpu_s=1.01), OutcomeKind.TIMEOUT, "cpu_s"),
        (Reply(Ending.VIOLATED, violation="noise"), OutcomeKind.CRASHED, None),
        (Reply(Ending.GONE), OutcomeKind.CRASHED, None),
        (died(0), OutcomeKind.CRASHED, None),
        (died(NO_MEMORY_STATUS << 8), OutcomeKind.OUT_OF_MEMORY, "memory_bytes"),
        (died(NO_MEMORY_STATUS), OutcomeKind.CRASHED, None),
        (died(signal.SIGSYS), OutcomeKind.CRASHED, None),
        (died(signal.SIGSEGV), OutcomeKind.CRASHED, None),
        (died(signal.SIGKILL), OutcomeKind.CRASHED, None),
        (died(signal.SIGKILL, peak_bytes=64 * MIB), OutcomeKind.OUT_OF_MEMORY, "memory_bytes"),
        (died(signal.SIGXCPU), OutcomeKind.TIMEOUT, "cpu_s"),
    ],
)
def test_every_ending_has_its_word(reply: Reply, kind: OutcomeKind, limit: str | None) -> None:
    """The outcome's word and limit follow from what came back."""
    judged = verdict(reply)

    assert judged.kind is kind
    assert (judged.limit.name if judged.limit else None) == limit


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (died(signal.SIGSYS), "Sandbox violation"),
        (Reply(Ending.VIOLATED, violation="noise"), "Protocol violation"),
        (answered(RESULT, "{}"), "Protocol violation"),
    ],
)
def test_an_attempt_on_the_walls_is_told_as_one(reply: Reply, words: str) -> None:
    """Operators can tell an attack from a crash."""
    judged = verdict(reply)

    assert judged.is_violation
    assert judged.detail.startswith(words)


def test_a_plain_crash_is_no_attempt() -> None:
    """A segmentation fault raises no alarm, and its signal is named."""
    assert "signal 40" in verdict(died(40)).detail
    judged = verdict(died(signal.SIGSEGV))

    assert not judged.is_violation
    assert "SIGSEGV" in judged.detail
