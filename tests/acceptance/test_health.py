"""`sanderling health` tells probes whether a server can serve."""

import socket
from contextlib import closing

import pytest

from support.command import CommandLine
from support.loopback import answering

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_server_that_serves_is_healthy(command: CommandLine) -> None:
    """People read a sentence, programs each part, and the exit code is 0."""
    command.must("init")
    with command.serving() as server:
        shown = command.run("health", "--url", server.url)
        parts = command.must("health", "--url", server.url)["parts"]

    assert (shown.status, shown.out) == (0, "The server is ok.\n")
    assert {"database", "driver"} <= set(parts)


def test_a_server_that_cannot_serve_is_not_healthy(command: CommandLine) -> None:
    """A driver that is told to start and cannot is named, and the exit code is 1."""
    command.must("init")
    with command.serving(SANDBOX_PYTHON="/nonexistent/python3") as server:
        shown = command.run("health", "--url", server.url)

    assert shown.status == 1
    assert "The server is down." in shown.out
    assert "driver" in shown.out


def test_where_nobody_listens_nothing_is_healthy(command: CommandLine) -> None:
    """Nothing of the URL is repeated: it may hold a password."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://someone:hunter2@127.0.0.1:{taken.getsockname()[1]}"

        shown = command.run("health", "--url", url)

    assert shown.status == 1
    assert "nothing answers there" in shown.out
    assert "hunter2" not in shown.out + shown.err


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "127.0.0.1:3000", "http://[x"])
def test_what_is_no_url_is_not_healthy(command: CommandLine, url: str) -> None:
    """A slip in a probe's settings reads as a server that does not answer, not as a defect."""
    shown = command.run("health", "--url", url)

    assert shown.status == 1
    assert "nothing answers there" in shown.out


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b"{}", b'{"state": {}}', b"\xff" * 100])
def test_what_is_no_sanderling_is_not_healthy(command: CommandLine, body: bytes) -> None:
    """Whatever answers, only the word of a Sanderling counts."""
    with answering(body) as url:
        shown = command.run("health", "--url", url)

    assert shown.status == 1
