"""A real transaction pooler in front of a test's PostgreSQL server."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.ports import free_port
from support.postgres import PASSWORD, USER, PostgresServer, unprivileged_user

_SETTINGS = """
[databases]
* = host=127.0.0.1 port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = 10
"""


@contextmanager
def run_pgbouncer(postgres: PostgresServer) -> Generator[int]:
    """Yield the port of a pooler that hands out a session per transaction.

    Without the program the test fails in CI and is skipped elsewhere.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing = "no PgBouncer was found; `make test` installs one where it runs as root"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    user = unprivileged_user()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sanderling-pgbouncer-") as name:
        folder = Path(name)
        users, settings = folder / "users.txt", folder / "pgbouncer.ini"
        users.write_text(f'"{USER}" "{PASSWORD}"\n')
        settings.write_text(_SETTINGS.format(server_port=postgres.port, port=port, users=users))
        for path in (folder, users, settings):
            if user is not None:
                shutil.chown(path, user)
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [program, settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user
            )
        try:
            _wait_open(port, process, folder / "log")
            yield port
        finally:
            process.kill()
            process.wait(timeout=30)


def _wait_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()[-2000:]) from None
            time.sleep(0.02)
        else:
            return
