"""A real PostgreSQL server for tests: its own folder, port and process."""

import os
import pwd
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from support.ports import free_port

_START_WITHIN_S = 60.0
USER = "sanderling"
PASSWORD = "quite-secret"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "logging_collector": "off",
}


class PostgresServer:
    """One server; `stop` and `start` keep its folder and its port."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        """Make a cluster in `folder`, owned and run by `user` where we are root."""
        self._programs = programs
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        self.port = free_port()
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user is not None:
            shutil.chown(folder, user)
            shutil.chown(secret, user)
        self._init(secret)

    def _init(self, secret: Path) -> None:
        command: list[str | Path] = [
            self._programs / "initdb",
            *("--pgdata", self._data),
            *("--username", USER),
            *("--pwfile", secret),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(command, check=True, capture_output=True, user=self._user, timeout=120)

    def start(self) -> None:
        """Start, and return once it takes connections."""
        settings = [f"--{name.replace('_', '-')}={value}" for name, value in _SETTINGS.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
            )
        deadline = time.monotonic() + _START_WITHIN_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self._log.read_text()[-2000:]) from None
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End at once, as a crash would: open connections are cut."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
            self._process = None

    def start_again(self) -> None:
        """Start if a test has stopped it."""
        if self._process is None:
            self.start()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Let every process of the server stand still, as on a machine that hangs."""
        assert self._process is not None
        leader = self._process.pid
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        processes = [leader, *map(int, children)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def url(self, name: str) -> str:
        """Return the URL of the database `name`."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as an operator would, and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, template: str = "template0") -> Generator[str]:
        """Yield the name of a fresh copy of `template`, dropped afterwards.

        Text is sorted as people would where the server can do that, unlike in SQLite: order that
        the stores promise must not depend on it.
        """
        name = f"test_{next(self._names)}"
        locale = ""
        if template == "template0" and self._has_icu():
            locale = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} {locale}")
        try:
            yield name
        finally:
            self.start_again()
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _has_icu(self) -> bool:
        return bool(self.execute("SELECT 1 FROM pg_collation WHERE collname = 'en-US-x-icu'"))


@contextmanager
def run_postgres() -> Generator[PostgresServer]:
    """Yield a running server and remove every trace of it.

    Without the server's programs the test fails in CI and is skipped elsewhere.
    """
    programs = _find_programs()
    if programs is None:
        missing = "no PostgreSQL server (initdb, postgres) was found; `make test` installs one"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    # A folder of pytest's own cannot be entered by the user that the server runs as.
    with tempfile.TemporaryDirectory(prefix="sanderling-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(programs, Path(folder), unprivileged_user())
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _find_programs() -> Path | None:
    on_path = shutil.which("postgres")
    candidates: Sequence[Path] = [
        # A link is followed because initdb looks for its share folder beside itself.
        *([Path(on_path).resolve().parent] if on_path else []),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        *Path(sysconfig.get_path("platlib")).glob("*pgserver/pginstall/bin"),
    ]
    return next((path for path in candidates if (path / "initdb").is_file()), None)


def unprivileged_user() -> str | None:
    """Return whom the server is run as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
