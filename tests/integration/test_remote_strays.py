"""What a worker leaves behind in an environment of AWS is gone before the next call."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from drivers.aws_lambda.bundle import function_bundle
from support.artifacts import an_artifact
from support.guest_programs import ECHO

pytestmark = pytest.mark.slow

NONCE = "0" * 16

# A worker that broke out of the language, where no wall holds.
BEGIN = """
import ctypes, json, os, signal, socket, stat, sys
from drivers.guest.channel import HELLO, frame
from drivers.guest.foreign_lock import ForeignLock
from drivers.guest.nursery import Bounds, Nursery

lock = ForeignLock()
reads, writes = os.pipe()

def greet():
    sockets = [fd for fd in range(64) if is_socket(fd)]
    socket.socket(fileno=max(sockets)).sendall(frame(HELLO, b""))

def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False

def serve(hostile):
    return Nursery(lock).serve(hostile, b"request", Bounds(wall_s=20, cpu_s=20, most={}))
"""

LEAVES_A_STRAY = (
    BEGIN
    + """
def hostile():
    greet()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writes, str(os.getpid()).encode())
            signal.pause()
        os._exit(0)
    os.wait()
    # Once it is there, it is told of; then its parent is gone.
    os.write(writes, os.read(reads, 20))
    os._exit(0)

def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

child = os.fork()
if child == 0:
    signal.pause()
told = serve(hostile)
stray = int(os.read(reads, 20))
print(json.dumps([told.ending, is_alive(stray), is_alive(child)]))
os.kill(child, signal.SIGKILL)
"""
)

LOOKS_INTO_THE_RUNNER = (
    BEGIN
    + """
def hostile():
    greet()
    runner = os.getppid()
    for name in ("mem", "environ", "fd/1"):
        try:
            os.close(os.open(f"/proc/{runner}/{name}", os.O_RDONLY))
        except PermissionError:
            os.write(writes, b"refused ")
        else:
            os.write(writes, b"opened ")
    os._exit(0)

if os.getuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
# As a process is that did not change its user.
ctypes.CDLL(None).prctl(4, 1)
serve(hostile)
print(json.dumps(os.read(reads, 100).decode().split()))
"""
)

ASKS_THE_HANDLER = """
import json, runner, sys
print(json.dumps(runner.handler(json.loads(sys.argv[1]), None)))
"""


def ran(program: str, *arguments: str, **options: Any) -> Any:
    """Return what a program of its own printed."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        **options,
    )
    return json.loads(done.stdout)


def test_a_process_that_a_worker_left_is_ended_with_it() -> None:
    """In a session of its own and without its parent it would see the calls that follow."""
    ending, is_stray_alive, is_other_alive = ran(LEAVES_A_STRAY)

    assert (ending, is_stray_alive) == ("gone", False)
    assert is_other_alive


def test_a_worker_does_not_see_into_the_runner() -> None:
    """Its memory has the next answers, its environment the credentials of the role."""
    assert ran(LOOKS_INTO_THE_RUNNER) == ["refused"] * 3


def test_no_request_brings_another_function_than_the_one_that_is_there(tmp_path: Path) -> None:
    """Whoever may call a function may not have it run something else."""
    bundle = function_bundle(an_artifact(ECHO.source)).content
    zipfile.ZipFile(io.BytesIO(bundle)).extractall(tmp_path)
    about = json.loads((tmp_path / "function.json").read_text())
    other = {**about, "source": "def handler(event, context):\n    return 'other'\n"}
    request = {
        "v": 1,
        "do": "call",
        "nonce": NONCE,
        "event": "mine",
        "context": {},
        "wall_s": 5,
        "function": other,
    }

    told = ran(ASKS_THE_HANDLER, json.dumps(request), cwd=tmp_path)

    assert json.loads(told["body"]) == {"nonce": NONCE, "value": "mine"}
