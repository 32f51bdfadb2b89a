"""Google and Microsoft as others emulate them: real servers, each a process with a port of its own.

They are more lenient than the providers, and lack what a shim in `emulated.py` makes up for.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from support.ports import free_port

EMAIL = "ada@example.com"
TOKEN = "a-token-of-the-seed"
CLIENT_ID, SECRET = "sanderling-tests", "a-secret-of-the-seed"
CALLBACK = "http://localhost:3000/back"
_PROGRAM = "node_modules/@inbox-zero/emulate/dist/index.js"
_LOOPBACK_ONLY = Path(__file__).with_name("loopback_only.cjs")
_START_WITHIN_S = 60.0


@contextmanager
def emulated(service: str) -> Generator[str]:
    """Yield the base URL of `google` or `microsoft`, with one person and one OAuth app."""
    node, program = _found()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sanderling-emulate-") as folder:
        seed = Path(folder) / "seed.json"
        seed.write_text(json.dumps(_seed(service)), encoding="utf-8")
        log = Path(folder) / "log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [
                    *(node, "--require", _LOOPBACK_ONLY, program, "start"),
                    *("--service", service, "--seed", seed, "--port", str(port)),
                ],
                env={"PATH": os.environ["PATH"], "HOME": folder},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        try:
            _wait_until_answering(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait(timeout=20)


def _found() -> tuple[str, Path]:
    """Return node and the program; where there is npm, CI fails without them and does not skip."""
    node, program = shutil.which("node"), Path(sys.prefix) / "emulate" / _PROGRAM
    if node is None or not program.exists():
        missing = "Emulated providers were not found; `make test` installs them where npm is"
        if os.environ.get("CI") and shutil.which("npm") is not None:
            pytest.fail(missing)
        pytest.skip(missing)
    return node, program


def _seed(service: str) -> Mapping[str, object]:
    app = {"client_id": CLIENT_ID, "client_secret": SECRET, "name": "Sanderling"}
    person = {"email": EMAIL, "name": "Ada"}
    return {
        "tokens": {TOKEN: {"login": EMAIL, "scopes": ["mail"]}},
        service: {"users": [person], "oauth_clients": [{**app, "redirect_uris": [CALLBACK]}]},
    }


def _wait_until_answering(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while not _is_answering(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text()[-2000:])
        time.sleep(0.05)


def _is_answering(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status > 0
    except OSError:
        return False
    finally:
        connection.close()
