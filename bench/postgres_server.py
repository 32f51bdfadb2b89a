"""A PostgreSQL server for the length of a benchmark, where its programs are installed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

_START_S = 30.0
_STOP_S = 15.0
_USER = "sanderling"


class PostgresFailedError(Exception):
    """The PostgreSQL server did not start."""


@contextmanager
def own_postgres() -> Generator[str | None]:
    """Yield the URL of a database on a free loopback port; None without the programs.

    It keeps what was committed as a server in earnest would.
    """
    programs = _programs()
    if programs is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    owner = _unprivileged()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if owner is not None:
            shutil.chown(folder, owner)
        data = Path(folder) / "data"
        making: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            _USER,
            "--auth=trust",
            "--encoding=UTF8",
        ]
        subprocess.run([*making, "--locale=C"], check=True, capture_output=True, user=owner)  # noqa: S603 - our own words.
        words: list[str | Path] = [
            "-D",
            data,
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            "",
            "-N",
            "60",
        ]
        process = subprocess.Popen(  # noqa: S603 - our own words.
            [programs / "postgres", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=owner,
            cwd="/",
        )
        try:
            url = f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
            _wait_until_up(process, url)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_S)


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    ends = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < ends:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise PostgresFailedError(f"it did not answer within {_START_S:g} seconds")


def _programs() -> Path | None:
    on_path = shutil.which("postgres")
    candidates = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        # Where `tools/need-postgres` puts one for the tests.
        *Path(sysconfig.get_path("platlib")).glob("*pgserver/pginstall/bin"),
    ]
    return next((path for path in candidates if (path / "initdb").is_file()), None)


def _unprivileged() -> str | None:
    """Return whom the server is run as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
