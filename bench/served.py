"""Servers that `bench http` measures: a bare one, and Sanderling with a home of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError

from bench.workload import SOURCE

_START_S = 30.0
_STOP_S = 15.0

# The rules are asked for every call as in production; only their numbers are out of reach.
_LIMITS = {
    "API_RATE_LIMITING_SHORT_LIMIT": "10000000",
    "API_RATE_LIMITING_LONG_LIMIT": "10000000",
    "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "10000000",
}


PEER_KEY = "key-of-the-peer-that-is-measured"
"""What callers of `monty_server` show."""


class ServerFailedError(Exception):
    """A server did not do what the benchmark needs of it."""


@dataclass(slots=True)
class Server:
    """A server in a process of its own, on a free port of the loopback interface."""

    words: list[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        output = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(  # noqa: S603 - our own words.
            [sys.executable, *self.words, "--port", str(self.port)],
            stdout=output,
            stderr=output,
            env={**os.environ, **self.environment},
        )
        output.close()
        try:
            self._wait_until_up()
        except ServerFailedError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        """Ask it to stop and wait; end it when it does not."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self) -> int:
        """The process, with everything else below it."""
        assert self.process is not None  # noqa: S101 - only asked between enter and exit.
        return self.process.pid

    def _wait_until_up(self) -> None:
        assert self.process is not None  # noqa: S101 - as above.
        ends = time.monotonic() + _START_S
        while time.monotonic() < ends and self.process.poll() is None:
            # A server may listen before it can answer, and any answer will do.
            asking = HTTPConnection("127.0.0.1", self.port, timeout=_START_S)
            try:
                asking.request("GET", "/health/live")
                asking.getresponse().read()
            except (OSError, HTTPException):
                time.sleep(0.02)
            else:
                return
            finally:
                asking.close()
        log = (self.folder / "server.log").read_text(errors="replace")
        raise ServerFailedError(f"it did not start: {log[-2000:]}")


def bare_server(folder: Path) -> Server:
    """Return uvicorn with one Starlette route."""
    words = ["-m", "uvicorn", "bench.bare_app:app", "--no-access-log", "--log-level", "warning"]
    return Server([*words, "--loop", "uvloop", "--http", "httptools"], folder)


def floor_server(folder: Path) -> Server:
    """Return a server that answers everything with the same bytes."""
    return Server(["-m", "bench.floor_server"], folder)


def monty_server(folder: Path, redis_url: str) -> Server:
    """Return FastAPI over a pool of Monty, with its limits in Redis."""
    words = ["-m", "uvicorn", "bench.monty_app:app", "--no-access-log", "--log-level", "warning"]
    environment = {"BENCH_REDIS_URL": redis_url}
    return Server([*words, "--loop", "uvloop", "--http", "httptools"], folder, environment)


def sanderling_server(
    folder: Path, redis_url: str | None = None, **settings: str
) -> tuple[Server, str]:
    """Return a Sanderling server that is not yet started, and an admin key of its home.

    Without `redis_url` it counts in its own memory.
    """
    folder.mkdir(exist_ok=True)
    # Empty, so that none is inherited.
    environment = {"SANDERLING_HOME": str(folder / "home"), "REDIS_URL": redis_url or "", **_LIMITS}
    environment |= settings
    made = subprocess.run(
        [sys.executable, "-m", "sanderling.cli", "init", "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    if made.returncode:
        raise ServerFailedError(f"init: {made.stderr.decode()[-2000:]}{made.stdout.decode()}")
    key: str = json.loads(made.stdout)["key"]
    return Server(["-m", "sanderling.cli", "serve"], folder, environment), key


def post(server: Server, key: str, path: str, body: object) -> Any:
    """Return what the server answers to `body`."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_START_S) as answer:  # noqa: S310 - as above.
            return json.load(answer)
    except HTTPError as error:
        raise ServerFailedError(f"POST {path}: {error.code} {error.read()[:2000]!r}") from error


def publish(server: Server, key: str, *, name: str, isolation: str) -> str:
    """Create and publish the function of the workload; return the path that calls it."""
    post(server, key, "/v1/functions", {"name": name, "source": SOURCE, "isolation": isolation})
    post(server, key, f"/v1/functions/{name}/versions", {})
    return f"/v1/functions/{name}/executions"


def metric(server: Server, name: str) -> dict[str, float]:
    """Return what a server of ours has counted, by the labels as they are written."""
    url = f"http://127.0.0.1:{server.port}/metrics"
    with urllib.request.urlopen(url, timeout=_START_S) as answer:
        lines = answer.read().decode().splitlines()
    found: dict[str, float] = {}
    for line in lines:
        labels, _, value = line.rpartition(" ")
        if labels.partition("{")[0] == name:
            found[labels.removeprefix(name)] = float(value)
    return found
