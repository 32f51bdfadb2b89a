"""An emulator of AWS on loopback, where tools/need-ministack put one, ended by its process id."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

from config.layers import inherited_environment
from sanderling.cli.demo.failure import DemoFailed
from sanderling.cli.demo.process import free_port
from sanderling.kernel.clock import SystemClock

_START_S = 60.0
_PAUSE_S = 0.1
_PROGRAM = Path(sys.prefix) / "ministack" / "bin" / "ministack"
_WORD = "emulator"


@contextmanager
def running_emulator() -> Generator[str]:
    """Yield its URL; afterwards nothing of it is left.

    Raises:
        DemoFailed: it is not installed, or did not start.

    """
    if not os.access(_PROGRAM, os.X_OK):
        raise DemoFailed("there is no emulator of AWS; run `make demo DRIVER=lambda`")
    with tempfile.TemporaryDirectory(prefix="sanderling-emulator-") as folder:
        port = free_port()
        process = subprocess.Popen(  # noqa: S603 - our own program with our own words.
            [_PROGRAM],
            env={
                **inherited_environment(),
                "HOME": folder,
                "TMPDIR": folder,
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # One group with its workers, so that all of them are ended together.
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_healthy(url, process)
            yield url
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_START_S)


def settings_for(url: str) -> Mapping[str, str]:
    """Return what makes a server run functions on the emulator."""
    return {
        "SERVERLESS_TYPE": "LAMBDA",
        "SERVERLESS_LAMBDA_ENDPOINT_URL": url,
        "SERVERLESS_LAMBDA_REGION": "us-east-1",
        "SERVERLESS_LAMBDA_ROLE": "arn:aws:iam::000000000000:role/sanderling",
        "SERVERLESS_LAMBDA_ACCESS_KEY_ID": _WORD,
        "SERVERLESS_LAMBDA_SECRET_ACCESS_KEY": _WORD,
    }


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    clock = SystemClock()
    began_ns = clock.monotonic_ns()
    with httpx2.Client(trust_env=False, timeout=_START_S) as client:
        while (clock.monotonic_ns() - began_ns) / 1e9 < _START_S:
            with suppress(httpx2.HTTPError):
                if client.get(f"{url}/_ministack/health").is_success:
                    return
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PAUSE_S)
                break
    raise DemoFailed("the emulator of AWS did not start")
