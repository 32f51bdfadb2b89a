"""A change at a simulated provider is there within seconds, because the provider told of it."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from support.command import ENOUGH_S, CommandLine, Server
from support.ports import free_port
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ADA = "ada@example.com"
RARELY = "0 0 1 1 *"
CRONS = (
    *("JOB_MESSAGE_LIST_FETCH_CRON", "JOB_CALENDAR_EVENT_LIST_FETCH_CRON"),
    *("JOB_PUSH_RENEWAL_CRON",),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A server that looks at accounts once a year unless it is told, and providers that tell."""

    command: CommandLine
    server: Server
    providers: dict[str, str]

    def streams(self) -> list[dict[str, Any]]:
        """Return how each channel of each account stands."""
        accounts = self.command.must("accounts", "list")["items"]
        shown = [self.command.must("accounts", "show", each["id"]) for each in accounts]
        return [stream for account in shown for stream in account["streams"]]

    def do(self, provider: str, path: str, given: dict[str, Any], method: str = "POST") -> Any:
        """Do something behind a provider's back."""
        url = f"{self.providers[provider]}/_simulator/{path}"
        answer = httpx2.request(method, url, json=given, timeout=ENOUGH_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def subjects(self) -> set[str]:
        """Return the subjects of all messages here."""
        return {each["subject"] for each in self.command.must("messages", "list")["items"]}

    def log(self) -> str:
        """Return what the server logged."""
        return self.server.log.read_text()

    def titles(self) -> set[str]:
        """Return the titles of all events here."""
        return {each["title"] for each in self.command.must("calendar-events", "list")["items"]}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """Yield a server with one account at each provider, both watched."""
    root = tmp_path_factory.mktemp("told")
    bare, port = CommandLine(root / "home", root), free_port()
    with bare.playing("--messages", "2", "--events", "1") as playing:
        told = [{**each["settings"], **each["push_settings"]} for each in playing]
        settings = {
            name: value.replace("127.0.0.1:3000", f"127.0.0.1:{port}")
            for each in told
            for name, value in each.items()
        } | dict.fromkeys(CRONS, RARELY)
        command = CommandLine(root / "home", root, settings)
        command.must("init")
        with command.serving("--port", str(port)) as server:
            yield Stage(command, server, {each["name"]: each["base_url"] for each in playing})


async def test_what_happens_at_a_provider_is_told_and_synced(stage: Stage) -> None:
    """Mail and events of both come without anybody's looking in turn, and strangers come to naught.

    The crons are once a year, so nothing but a hint makes a stream due again.
    """
    address = f"{stage.server.url}/push/gmail"
    stage.do("google", "pubsub", {"endpoint": address}, "PUT")
    for provider in stage.providers:
        departure = stage.command.must("accounts", "connect", provider, "--email", ADA)
        httpx2.get(departure["address"], follow_redirects=True, timeout=ENOUGH_S)
    await until(lambda: all(_is_at_rest(one) for one in stage.streams()), within_s=120)

    for provider in stage.providers:
        stage.do(provider, f"people/{ADA}/messages", {"subject": f"Told by {provider}"})
        stage.do(provider, f"people/{ADA}/events", {"title": f"Told by {provider}"})
    expected = {f"Told by {provider}" for provider in stage.providers}
    await until(lambda: expected <= stage.subjects() and expected <= stage.titles(), within_s=60)
    forged = httpx2.post(address, json={"message": {"data": "e30="}}, timeout=ENOUGH_S)

    metrics = httpx2.get(f"{stage.server.url}/metrics", timeout=ENOUGH_S).text
    counted = [line for line in metrics.splitlines() if "push_notifications_total{" in line]
    taken = [line for line in counted if 'outcome="taken"' in line]
    assert len(taken) == 3
    assert any('outcome="validated"' in line for line in counted)
    assert forged.status_code == 403
    assert not any(word in stage.log() for word in ("Told by", "request.failed"))


def _is_at_rest(stream: dict[str, Any]) -> bool:
    return (stream["push"]["state"], stream["stage"]) == ("watched", "following")
