"""A real LocalEmu, which refuses more than MiniStack: its own environment, port and process.

It runs functions under bubblewrap, through AWS's own runtime interface.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from support.ministack import MiniStack, make_role
from support.ports import free_port

_PROGRAM = Path(__file__).parent / "localemu_server" / "serve.py"
_START_WITHIN_S = 180.0


@contextmanager
def run_localemu() -> Generator[MiniStack]:
    """Yield a running server and remove every trace of it; it speaks as MiniStack does.

    Where it cannot run, the test is skipped: it needs Python 3.13 and bubblewrap.
    """
    python = Path(sys.prefix) / "localemu" / "bin" / "python"
    if not os.access(python, os.X_OK) or shutil.which("bwrap") is None:
        pytest.skip("LocalEmu is not here; `make test-slow` installs it where Python 3.13 is")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sanderling-localemu-") as folder:
        log = Path(folder) / "localemu.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [python, _PROGRAM],
                env=_environment(port, folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            _wait_until_healthy(port, process, log)
            yield MiniStack(f"http://127.0.0.1:{port}", make_role(port))
        finally:
            # Environments of functions end with it: bubblewrap dies with its parent.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)


def _environment(port: int, folder: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "TMPDIR": folder,
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "SERVICES": "lambda,iam,s3,logs,sts",
        "DNS_ADDRESS": "0",
        "LAMBDA_IGNORE_ARCHITECTURE": "1",
    }


def _wait_until_healthy(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while not _is_healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text()[-2000:])
        time.sleep(0.1)


def _is_healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_localemu/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
