"""A real MiniStack, which speaks as AWS does: its own environment, port and process.

It runs functions as this user, on loopback, so only fixtures of our own are ever given to it.
"""

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from drivers.aws_lambda import LambdaSettings
from support.ports import free_port

_START_WITHIN_S = 60.0
REGION = "us-east-1"
KEY_ID, SECRET = "test", "test-secret-of-ministack"
_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
)
_DENY_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


@dataclass(frozen=True, slots=True)
class MiniStack:
    """A running server with one execution role that may do nothing."""

    endpoint_url: str
    role: str

    def settings(self, **chosen: Any) -> LambdaSettings:
        """Return the settings of a driver that uses it."""
        given: dict[str, Any] = {
            "region": REGION,
            "role": self.role,
            "access_key_id": KEY_ID,
            "secret_access_key": SECRET,
            "endpoint_url": self.endpoint_url,
        }
        return LambdaSettings(**(given | chosen))

    def client(self, service: str, *, key_id: str = KEY_ID, secret: str = SECRET) -> Any:
        """Return a boto3 client for a service of it."""
        session: Any = importlib.import_module("boto3.session")  # It has no types.
        return session.Session().client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
        )


@contextmanager
def run_ministack(*, port: int = 0, **environment: str) -> Generator[MiniStack]:
    """Yield a running server, on a free port unless told, and remove every trace of it.

    Without its program the test fails in CI and is skipped elsewhere.
    """
    program = Path(sys.prefix) / "ministack" / "bin" / "ministack"
    if not os.access(program, os.X_OK):
        missing = "MiniStack was not found; `make test` installs it"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="sanderling-ministack-") as folder:
        log = Path(folder) / "ministack.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [program],
                env=_environment(port, Path(folder), environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Its workers go with it: they are ended as one group.
                start_new_session=True,
            )
        try:
            _wait_until_healthy(port, process, log)
            yield MiniStack(f"http://127.0.0.1:{port}", make_role(port))
        finally:
            # The server with its workers is one group, of our own making; it has nothing to save.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)


def _environment(port: int, folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.1",
        **more,
    }


def _wait_until_healthy(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while not _is_healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text()[-2000:])
        time.sleep(0.05)


def _is_healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def make_role(port: int) -> str:
    """Make the execution role that may do nothing, at the emulator on this port."""
    iam = MiniStack(f"http://127.0.0.1:{port}", "").client("iam")
    made = iam.create_role(RoleName="sanderling-functions", AssumeRolePolicyDocument=_TRUST)
    iam.put_role_policy(
        RoleName="sanderling-functions", PolicyName="nothing", PolicyDocument=_DENY_ALL
    )
    role: str = made["Role"]["Arn"]
    return role
