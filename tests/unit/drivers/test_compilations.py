"""A source is rejected for good only for what stands in it."""

import json
import signal

import pytest

from drivers.guest.channel import ERROR
from drivers.limits import Limits
from drivers.port import Deployment, OutcomeKind
from drivers.replies.compilations import is_final, made_of, too_long, unfinished
from drivers.replies.exchange import Death, Ending, Reply

NONCE = b"0123456789abcdef"
LIMITS = Limits()


def told(**members: object) -> Reply:
    """Return what a compiler says that found something."""
    body = {"nonce": NONCE.decode(), "kind": "bad_code", "type": "CodeRejected", **members}
    return Reply(Ending.ANSWERED, kind=ERROR, body=json.dumps(body).encode())


def died(status: int) -> Reply:
    """Return what is left of a compiler that ended."""
    return Reply(Ending.GONE, death=Death(status, peak_bytes=1, cpu_s=0.1))


def made(reply: Reply) -> Deployment:
    """Return what becomes of a source whose compiler ended like this."""
    deployment = made_of(reply, NONCE, "x = (", LIMITS)
    assert isinstance(deployment, Deployment)
    return deployment


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (made(told(problems=[[1, 5, 6, "A bracket was never closed.", ""]])), True),
        (made(told(problems=[], limit=["ast_nodes", 60_000])), True),
        (too_long(300_000, LIMITS.source_bytes), True),
        (made(Reply(Ending.WALL, wall_s=20.0)), False),
        (made(Reply(Ending.CPU, cpu_s=8.0)), False),
        (made(died(signal.SIGSEGV)), False),
        (made(Reply(Ending.VIOLATED, violation="nonsense")), False),
        (unfinished("there is no worker"), False),
    ],
    ids=["syntax", "nodes", "length", "wall", "cpu", "crash", "protocol", "no worker"],
)
def test_only_what_the_source_says_is_final(deployment: Deployment, *, expected: bool) -> None:
    """What befell the compiler may not befall it the next time."""
    assert is_final(deployment) is expected
    assert (deployment.kind is OutcomeKind.BAD_CODE) is (expected or deployment.error is not None)
