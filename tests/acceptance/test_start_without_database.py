"""`sanderling serve` starts by the last good settings while its database is away."""

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.command import ENOUGH_S, CommandLine, Server
from support.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Away:
    """A database that a test takes away and brings back."""

    def __init__(self, command: CommandLine) -> None:
        """Take the command whose home uses it."""
        self.command = command

    def take(self) -> None:
        """Let nobody reach it."""
        raise NotImplementedError

    def bring_back(self) -> None:
        """Let everybody reach it again, with all that was in it; harmless when it is there."""
        raise NotImplementedError


class PostgresAway(Away):
    """A server that is stopped and started."""

    def __init__(self, command: CommandLine, postgres: PostgresServer, name: str) -> None:
        """Take the server and the name of the database on it."""
        super().__init__(replace(command, settings={"DATABASE_URL": postgres.url(name)}))
        self._postgres = postgres

    def take(self) -> None:
        """Stop the server."""
        self._postgres.stop()

    def bring_back(self) -> None:
        """Start the server."""
        self._postgres.start_again()


class FileAway(Away):
    """A file in whose place there is a folder, which not even root can open as one."""

    def take(self) -> None:
        """Put the file aside."""
        self._file.rename(self._aside)
        self._file.mkdir()

    def bring_back(self) -> None:
        """Put the file back."""
        if self._aside.exists():
            self._file.rmdir()
            self._aside.rename(self._file)

    @property
    def _file(self) -> Path:
        return self.command.home / "sanderling.db"

    @property
    def _aside(self) -> Path:
        return self.command.home / "aside"


@pytest.fixture(params=["sqlite", "postgres"])
def away(command: CommandLine, request: pytest.FixtureRequest) -> Generator[Away]:
    """Yield a database of each kind in turn, for a home that is not there yet."""
    if request.param == "sqlite":
        yield FileAway(command)
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    with postgres.database() as name:
        yield PostgresAway(command, postgres, name)


def ask(server: Server, path: str, key: str = "") -> httpx2.Response:
    """Ask the server, with the key where there is one."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.get(f"{server.url}{path}", headers=headers, timeout=30, trust_env=False)


def until_ready(server: Server) -> dict[str, Any]:
    """Return what readiness says once every part is as it should be."""
    deadline = time.monotonic() + ENOUGH_S
    while True:
        told: dict[str, Any] = ask(server, "/health/ready").json()
        if told.get("state") == "ok":
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def test_it_serves_by_the_copy_until_the_database_is_back(away: Away) -> None:
    """What needs the database is told to try again; afterwards all of it works, in one process."""
    command = away.command
    key = command.must("init", SERVERLESS_TYPE="DISABLED")["key"]
    command.must("config", "set", "SERVERLESS_TYPE=DISABLED", "LOG_LEVEL=DEBUG")
    with command.serving() as server:
        until_ready(server)
        assert server.stop() == 0

    away.take()
    try:
        with command.serving() as server:
            refused = ask(server, "/v1/functions", key)
            down = ask(server, "/health/ready")
            assert ask(server, "/health/live").status_code == 200
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:sanderling:problem:store-unavailable"
            assert int(refused.headers["retry-after"]) >= 1
            assert down.status_code == 503
            parts = down.json()["parts"]
            assert parts["database"]["state"] == "down"
            assert parts["driver"]["numbers"] is not None
            assert parts["configuration"]["numbers"]["revision"] == 1
            assert "stays in force" in " ".join(parts["configuration"]["reasons"])

            away.bring_back()

            ready = until_ready(server)
            assert ready["parts"]["configuration"]["numbers"]["revision"] == 1
            assert ask(server, "/v1/functions", key).status_code == 200
            made = command.must("config", "set", "LOG_LEVEL=INFO", "--wait")
            assert made["revision"] == 2
            assert server.stop() == 0
    finally:
        away.bring_back()
    log = (command.folder / "server.log").read_text()
    for event in ("database.awaited", "config.copy-used", "database.prepared"):
        assert log.count(event) == 1


def test_without_a_copy_it_does_not_start(away: Away) -> None:
    """It says that the database did not answer and what to do, and listens nowhere."""
    command = away.command
    command.must("init")

    away.take()
    try:
        ended = command.run("serve", "--port", "0")
    finally:
        away.bring_back()

    assert ended.status not in {0, 1}
    assert "The database did not answer" in ended.err
    assert "Listening" not in ended.out
    assert "Traceback" not in ended.err
