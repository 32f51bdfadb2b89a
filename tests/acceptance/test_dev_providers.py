"""`sanderling dev providers` plays providers until it is told to end."""

import json
import select
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from config.catalogue import BY_NAME
from sanderling.simulator.core.faults import FaultKind
from support.command import ENOUGH_S, CommandLine
from support.house import ROOT
from support.warm import PROGRAM

pytestmark = pytest.mark.slow

Start = Callable[..., tuple["subprocess.Popen[bytes]", Any]]


@pytest.fixture
def start(command: CommandLine) -> Generator[Start]:
    """Return what starts the command and reads what it announces."""
    with ExitStack() as stack:

        def started(*words: str) -> tuple["subprocess.Popen[bytes]", Any]:
            process = stack.enter_context(
                subprocess.Popen(
                    [PROGRAM, "dev", "providers", "--port", "0", "--json", *words],
                    cwd=command.folder,
                    env=command.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
            )
            stack.callback(process.kill)
            out = process.stdout
            assert out is not None
            assert select.select([out], [], [], ENOUGH_S)[0]
            return process, json.loads(out.readline())["providers"]

        yield started


def test_what_is_announced_can_be_used_and_ends_on_a_signal(start: Start) -> None:
    """The base URL answers with what was asked for; SIGTERM ends it with nothing said."""
    process, playing = start("--messages", "12", "--events", "3")
    base_url = playing[0]["base_url"]

    people = httpx2.get(f"{base_url}/_simulator").json()["people"]
    process.send_signal(signal.SIGTERM)

    assert playing[0]["name"] == "google"
    assert playing[0]["settings"]["AUTH_GOOGLE_CLIENT_ID"]
    assert {*playing[1]["push_settings"]} < {*playing[0]["push_settings"]} <= {*BY_NAME}
    assert [(who["messages"], who["events"]) for who in people] == [(12, 3)]
    assert process.wait(ENOUGH_S) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_people_come_from_a_file_and_faults_from_options(start: Start, tmp_path: Path) -> None:
    """Whoever the file names lives there, and every request fails that is to fail."""
    seed = tmp_path / "people.json"
    seed.write_text('[{"email": "a@example.com", "messages": 4}, {"email": "b@example.com"}]')
    _, playing = start("--seed", str(seed), "--messages", "2", "--fault", "error-503=1")
    base_url = playing[0]["base_url"]

    people = httpx2.get(f"{base_url}/_simulator").json()["people"]

    assert [(who["email"], who["messages"]) for who in people] == [
        ("a@example.com", 4),
        ("b@example.com", 2),
    ]
    assert httpx2.get(f"{base_url}/gmail/v1/users/me/profile").status_code == 503


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["--fault", "rain=0.5"], "[]", "kinds are"),
        (["--fault", "html=7"], "[]", "rate from 0 to 1"),
        (["--seed", "people.json"], "[]", "no list of people"),
        (["--seed", "people.json"], "{", "no JSON"),
        (["--seed", "people.json"], '[{"email": "x"}]', "no address"),
        (["--seed", "people.json"], '[{"email": "a@b", "messages": -1}]', "whole numbers"),
        (["--seed", "people.json"], '[{"email": "a@b", "mails": 1}]', "mails"),
        (["--seed", "people.json"], "[1]", "mapping"),
    ],
)
def test_what_cannot_be_played_is_refused_with_a_sentence(
    command: CommandLine, words: list[str], given: str, said: str
) -> None:
    """Nothing is started, and the line says what to write."""
    (command.folder / "people.json").write_text(given)

    ended = command.run("dev", "providers", "--port", "0", *words)

    assert ended.status in {2, 30}
    assert said in ended.err
    assert ended.out == ""


def test_people_are_told_which_file_the_settings_belong_in(command: CommandLine) -> None:
    """It is the one in the home, wherever the command runs."""
    with subprocess.Popen(
        [PROGRAM, "dev", "providers", "--port", "0", "--messages", "0", "--events", "0"],
        cwd=command.folder,
        env=command.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            last = next(line for line in process.stdout if "Ctrl-C" in line)
        finally:
            process.kill()

    assert last == f"# Add these to {command.home / '.env'}; Ctrl-C ends the play.\n"


def test_a_port_in_use_is_told(start: Start, command: CommandLine) -> None:
    """The error names the port and what to do."""
    _, playing = start()
    port = playing[0]["base_url"].rpartition(":")[2]

    ended = command.run("dev", "providers", "--port", port)

    assert ended.status == 40
    assert f"port {port}" in ended.err


def test_every_kind_of_fault_is_explained() -> None:
    """The how-to page has each kind in its table."""
    page = (ROOT / "docs" / "how-to" / "try-sync-without-an-account.md").read_text()

    assert [kind for kind in FaultKind if f"`{kind}`" not in page] == []
