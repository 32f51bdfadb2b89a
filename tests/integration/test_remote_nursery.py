"""The runner in an environment of AWS believes no worker, however much that writes."""

import json
import subprocess
import sys

import pytest

from drivers.guest.remote import MOST_ANSWER_BYTES, fitted

pytestmark = pytest.mark.slow

# A worker that broke out of the language, and has the socket to the runner.
FLOOD = """
import json, os, socket, stat, sys
from drivers.guest.channel import HELLO, LOG, frame
from drivers.guest.foreign_lock import ForeignLock
from drivers.guest.nursery import Bounds, Nursery

size = int(sys.argv[1])

def hostile():
    sockets = [fd for fd in range(64) if is_socket(fd)]
    end = socket.socket(fileno=max(sockets))
    end.sendall(frame(HELLO, b""))
    piece = frame(LOG, bytes(8) + b"x" * size) * 64
    while True:
        end.sendall(piece)

def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False

bounds = Bounds(wall_s=20, cpu_s=20, most={LOG: 8 + 4096})
told = Nursery(ForeignLock()).serve(hostile, b"request", bounds)
print(json.dumps([told.ending, told.violation, sum(map(len, told.log))]))
"""


@pytest.mark.parametrize(
    ("size", "reason"),
    [(4096, "more log than is allowed"), (0, "its log in more pieces than are allowed")],
)
def test_a_flood_of_log_ends_the_worker(size: int, reason: str) -> None:
    """It would fill the memory of the environment, or all of its time, until the wall time."""
    ran = subprocess.run(
        [sys.executable, "-c", FLOOD, str(size)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    ending, violation, kept = json.loads(ran.stdout)
    assert (ending, violation) == ("violated", reason)
    assert kept <= 4096


@pytest.mark.parametrize("sign", ["x", "\x01", "ä", "\N{GRINNING FACE}"])
@pytest.mark.parametrize("body_bytes", [10, 3_000_000, 6_000_000])
def test_an_answer_is_never_larger_than_the_cloud_hands_on(sign: str, body_bytes: int) -> None:
    """The log gives way first, and says by how much; only then does the result."""
    log = sign * ((1 << 20) // len(sign.encode()))
    answer = {"ending": "answered", "body": "b" * body_bytes, "log": log, "dropped_bytes": 5}

    told = fitted(answer)

    assert len(json.dumps(told)) <= MOST_ANSWER_BYTES
    assert len(told["log"].encode()) + told["dropped_bytes"] == len(log.encode()) + 5
    if body_bytes < MOST_ANSWER_BYTES:
        assert told["body"] == answer["body"]
    else:
        assert (told["ending"], told["body"]) == ("too_large", "")
        assert told["size"] > MOST_ANSWER_BYTES
