"""Accounts are connected through the browser's whole way: the address, consent, and back."""

import asyncio
import json
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from support.command import ENOUGH_S, CommandLine, Server
from support.ports import free_port
from support.waiting import until
from support.warm import PROGRAM

pytestmark = pytest.mark.slow

ADA, BOB, CID = "ada@example.com", "bob@example.com", "cid@example.com"
MAILS, MEETINGS = 3, 2
CHANNELS = {
    "google": ["gmail", "google-calendar"],
    "microsoft": ["microsoft-calendar", "microsoft-mail"],
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A server, and providers at which two people live."""

    command: CommandLine
    server: Server
    providers: dict[str, str]

    def accounts_of(self, email: str) -> list[dict[str, Any]]:
        """Return somebody's accounts as the command line lists them."""
        items = self.command.must("accounts", "list")["items"]
        return [account for account in items if account["email"] == email]

    def visit(self, address: str) -> httpx2.Response:
        """Return the page at the end of the way, as a browser gets there."""
        return httpx2.get(address, follow_redirects=True, timeout=ENOUGH_S)


async def first_listed(command: CommandLine, *words: str) -> list[dict[str, Any]]:
    """Return what a list has once it has something: a turn of sync may be minutes away."""
    async with asyncio.timeout(240):
        while True:
            items: list[dict[str, Any]] = command.must(words[0], "list", *words[1:])["items"]
            if items:
                return items
            await asyncio.sleep(1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """Yield a server that signs people in at simulated providers."""
    root = tmp_path_factory.mktemp("accounts")
    people = root / "people.json"
    quiet = [{"email": email, "messages": 0, "events": 0} for email in (ADA, BOB)]
    busy = {"email": CID, "messages": MAILS, "events": MEETINGS}
    people.write_text(json.dumps([*quiet, busy]))
    bare = CommandLine(root / "home", root)
    port = free_port()
    with bare.playing("--seed", str(people)) as playing:
        settings = {
            name: value.replace("127.0.0.1:3000", f"127.0.0.1:{port}")
            for each in playing
            for name, value in each["settings"].items()
        }
        command = CommandLine(root / "home", root, {**settings, "LOG_LEVEL": "DEBUG"})
        command.must("init")
        with command.serving("--port", str(port)) as server:
            bases = {each["name"]: each["base_url"] for each in playing}
            yield Stage(command, server, bases)


@pytest.mark.parametrize("provider", CHANNELS)
def test_an_account_is_connected_shown_steered_and_forgotten(stage: Stage, provider: str) -> None:
    """From the address at the command line to the page in the browser, and back to nothing."""
    command = stage.command
    departure = command.must("accounts", "connect", provider, "--email", ADA)

    page = stage.visit(departure["address"])
    again = stage.visit(str(page.url))
    (listed,) = stage.accounts_of(ADA)
    paused = command.must("accounts", "pause", listed["id"])
    resumed = command.must("accounts", "resume", listed["id"])
    asked = command.must("accounts", "sync", listed["id"])
    anew = command.must("accounts", "resync", listed["id"])
    shown = command.run("accounts", "show", listed["id"])
    to_reconnect = command.must("accounts", "list", "--needs-reconnect")
    command.must("accounts", "disconnect", listed["id"])
    gone = command.run("accounts", "show", listed["id"])

    assert departure["address"].startswith(stage.providers[provider])
    assert f"{ADA} is connected" in page.text
    assert page.url.path == f"/auth/{provider}-apis/get-access-token"
    assert "Not connected" in again.text
    assert (listed["email"], listed["status"]) == (ADA, "connected")
    assert listed["channels"] == CHANNELS[provider]
    assert (paused["status"], resumed["status"]) == ("paused", "connected")
    for answer in (asked, anew):
        assert [stream["channel"] for stream in answer["streams"]] == CHANNELS[provider]
    assert all(channel in shown.out for channel in CHANNELS[provider])
    assert to_reconnect["items"] == []
    assert (gone.status, "sanderling accounts list" in gone.err) == (30, True)


@pytest.mark.parametrize("provider", CHANNELS)
def test_an_account_comes_to_send_without_losing_what_it_has(stage: Stage, provider: str) -> None:
    """One channel is named with the wish to send; the other is asked for again by itself."""
    command = stage.command
    stage.visit(command.must("accounts", "connect", provider, "--email", ADA)["address"])
    (listed,) = stage.accounts_of(ADA)
    before = command.must("accounts", "show", listed["id"])
    asking = ("connect", provider, "--channel", CHANNELS[provider][0], "--email", ADA, "--send")
    departure = command.must("accounts", *asking)

    page = stage.visit(departure["address"])

    after = command.must("accounts", "show", listed["id"])
    command.must("accounts", "disconnect", listed["id"])
    assert f"{ADA} is connected" in page.text
    assert (before["can_send"], after["can_send"]) == (False, True)
    assert after["channels"] == departure["channels"] == CHANNELS[provider]
    (sending,) = {*after["scopes"]} - {*before["scopes"]}
    assert sending.lower().endswith("send")
    assert {*before["scopes"]} <= {*after["scopes"]}


def test_a_policy_is_chosen_by_parts_and_shown(stage: Stage) -> None:
    """Lists are added to and taken from, and a misspelt entry is named before anything is sent."""
    command = stage.command
    stage.visit(command.must("accounts", "connect", "google", "--email", ADA)["address"])
    (account,) = stage.accounts_of(ADA)
    policy = ["accounts", "policy", account["id"]]

    blocked = ["--block", "@Spam.example", "--block", ADA, "--unblock", ADA.upper()]
    chosen = command.must(*policy, *blocked, "--include", "groups", "--contacts", "none")
    misspelt = command.run(*policy, "--block", "spam.example")
    shown = command.run(*policy)
    command.must("accounts", "disconnect", account["id"])

    assert (chosen["blocklist"], chosen["contacts"]) == (["@spam.example"], "none")
    assert chosen["excluded"] == ["promotions", "social", "non_professional"]
    assert (misspelt.status, "'spam.example' has no @" in misspelt.err) == (2, True)
    assert all(word in shown.out for word in ("none", "@spam.example", "non_professional"))


def test_waiting_ends_when_the_person_comes_back(stage: Stage) -> None:
    """Whoever runs the command sees the account by itself."""
    words = ["accounts", "connect", "microsoft", "--channel", "microsoft-mail", "--email", BOB]
    with subprocess.Popen(
        [PROGRAM, *words, "--wait", "--json"],
        cwd=stage.command.folder,
        env=stage.command.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        try:
            assert waiting.stderr is not None
            address = next(
                found[0] for line in waiting.stderr if (found := re.search(r"http\S+", line))
            )
            stage.visit(address)
            out, _ = waiting.communicate(timeout=ENOUGH_S)
        finally:
            waiting.kill()

    account = json.loads(out)
    assert waiting.returncode == 0
    assert (account["email"], account["channels"]) == (BOB, ["microsoft-mail"])
    stage.command.must("accounts", "disconnect", account["id"])


@pytest.mark.parametrize("provider", CHANNELS)
def test_whoever_says_no_is_told_so_and_nothing_is_connected(stage: Stage, provider: str) -> None:
    """The browser shows what to do, the command line shows no account."""
    departure = stage.command.must("accounts", "connect", provider, "--email", ADA)

    page = stage.visit(f"{departure['address']}&simulated_answer=deny")

    assert page.url.path == f"/auth/{provider}-apis/get-access-token"
    assert "access was denied at the provider" in page.text
    assert stage.accounts_of(ADA) == []


def test_what_came_in_is_listed_before_there_is_any(stage: Stage) -> None:
    """Of accounts in which there is nothing the lists are empty, and a message is unknown."""
    for words in ("messages", "calendar-events", "contacts"):
        page = stage.command.must(words, "list", "--account", "acc_" + "0" * 26)
        assert page == {"items": [], "next_cursor": None}
    unknown = stage.command.run("messages", "show", "msg_1")

    assert (unknown.status, "sanderling messages list" in unknown.err) == (30, True)


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("provider", CHANNELS)
async def test_what_comes_in_is_shown(stage: Stage, provider: str) -> None:
    """A message and an event of a connected account are listed, and the message shown whole."""
    command = stage.command
    departure = command.must("accounts", "connect", provider, "--email", CID)
    stage.visit(departure["address"])
    (account,) = (
        each for each in command.must("accounts", "list")["items"] if each["email"] == CID
    )
    only = ("--account", account["id"])

    row, *_ = await first_listed(command, "messages", *only)
    event, *_ = await first_listed(command, "calendar-events", *only)
    message = command.must("messages", "show", row["id"])
    shown = command.run("messages", "show", row["id"])
    contacts = command.run("contacts", "list")
    command.must("accounts", "disconnect", account["id"])
    gone = command.run("messages", "show", row["id"])

    assert (row["account_id"], row["subject"]) == (account["id"], message["subject"])
    assert event["account_id"] == account["id"]
    assert message["text"]
    assert message["participants"]
    assert row["id"] in shown.out
    assert contacts.status == 0
    assert (gone.status, "sanderling messages list" in gone.err) == (30, True)


def test_what_is_another_providers_is_refused(stage: Stage) -> None:
    """The error names what there is."""
    refused = stage.command.run("accounts", "connect", "google", "--channel", "microsoft-mail")
    unknown = stage.command.run("accounts", "connect", "myspace")

    assert (refused.status, unknown.status) == (30, 2)
    assert "Its channels are gmail, google-calendar" in refused.err


async def test_no_secret_is_in_the_log_of_the_server(stage: Stage) -> None:
    """At the most verbose level neither code nor state nor token is written."""
    departure = stage.command.must("accounts", "connect", "google", "--email", BOB)

    page = stage.visit(departure["address"])

    told = parse_qs(urlsplit(str(page.url)).query)
    read = Path(stage.server.log).read_text
    # The line is written once the answer is out.
    await until(lambda: "request.finished" in read())
    log = read()
    for secret in (*told["code"], *told["state"], "sanderling-dev-secret"):
        assert secret not in log
    assert not re.search(r"(access|refresh|code)-[0-9a-f]{32}", log)
