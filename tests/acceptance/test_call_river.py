"""From an empty folder to a recorded call, with nothing but the command line and HTTP."""

import signal
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.command import ENOUGH_S, CommandLine, Server, alive

pytestmark = pytest.mark.slow

GREET = 'def handler(event, context):\n    print("hi")\n    return {"hello": event["name"]}\n'
PLENTY = {
    "API_RATE_LIMITING_SHORT_LIMIT": "100000",
    "API_RATE_LIMITING_LONG_LIMIT": "100000",
    "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "100000",
}


def post(server: Server, key: str, name: str, event: object) -> httpx2.Response:
    """Call a function over HTTP."""
    return httpx2.post(
        f"{server.url}/v1/functions/{name}/executions",
        json=event,
        headers={"authorization": f"Bearer {key}"},
        timeout=30,
        trust_env=False,
    )


@pytest.fixture
def greet(command: CommandLine) -> Path:
    """Return the file of a small function."""
    file = command.folder / "greet.py"
    file.write_text(GREET)
    return file


def test_a_call_goes_all_the_way(command: CommandLine, greet: Path) -> None:
    """Init, serve, deploy, call over HTTP, find the call; a clean stop leaves nothing behind."""
    key: str = command.must("init")["key"]
    with command.serving() as server:
        remote = {"SANDERLING_URL": server.url, "SANDERLING_API_KEY": key}

        version = command.must("functions", "deploy", "greet", str(greet), **remote)
        answer = post(server, key, "greet", {"name": "Ada"})
        call: dict[str, Any] = answer.json()
        listed = command.must("calls", "list", "--function", "greet", **remote)
        shown = command.must("calls", "show", call["call_id"], **remote)

        family = server.family()
        assert server.stop() == 0
    assert version["number"] == 1
    assert answer.status_code == 200
    assert (call["outcome"], call["result"], call["logs"]) == ("ok", {"hello": "Ada"}, "hi\n")
    assert call["isolation"] == "call"
    assert [row["id"] for row in listed["items"]] == [call["call_id"]]
    assert shown["event"] == {"name": "Ada"}
    assert len(family) > 1
    assert not alive(family)
    # Without a server the same home shows the same call: it was written before the stop.
    at_home = command.must("calls", "list")
    assert [row["id"] for row in at_home["items"]] == [call["call_id"]]


def test_versions_are_rolled_back_and_functions_deleted(command: CommandLine, greet: Path) -> None:
    """What callers get is what was published or rolled back to, until the function is deleted."""
    command.must("functions", "deploy", "greet", str(greet))
    greet.write_text(GREET.replace("hello", "goodbye"))
    command.must("functions", "deploy", "greet", str(greet))
    event = ("--event", '{"name": 1}')

    second = command.must("functions", "call", "greet", *event)
    rolled_back = command.must("functions", "rollback", "greet", "1")
    first = command.must("functions", "call", "greet", *event)
    numbers = [row["number"] for row in command.must("functions", "versions", "greet")["items"]]
    command.must("functions", "delete", "greet")
    gone = command.run("functions", "call", "greet", "--json")

    assert (second["result"], first["result"]) == ({"goodbye": 1}, {"hello": 1})
    assert rolled_back["number"] == 1
    assert numbers == [2, 1]
    assert (gone.status, gone.json["error"]["code"]) == (30, "function_unknown")


def test_database_survives_a_kill_in_the_middle_of_load(command: CommandLine, greet: Path) -> None:
    """After kill -9 under load the next server serves, and every record that is there is whole."""
    key: str = command.must("init")["key"]
    command.must("functions", "deploy", "greet", str(greet))
    with command.serving(**PLENTY) as server, ThreadPoolExecutor(8) as callers:
        first = post(server, key, "greet", {"name": 0})
        family = server.family()
        load = [callers.submit(post, server, key, "greet", {"name": n}) for n in range(200)]
        wait(load, ENOUGH_S, FIRST_COMPLETED)
        server.stop(signal.SIGKILL)
        answered = [call.result() for call in load if call.exception() is None]
    with command.serving(**PLENTY) as server:
        after = post(server, key, "greet", {"name": "after"})
        listed = command.must(
            "calls", "list", "--limit", "100", SANDERLING_URL=server.url, SANDERLING_API_KEY=key
        )
        assert server.stop() == 0

    assert first.status_code == after.status_code == 200
    assert 0 < len(answered) < 200
    assert after.json()["call_id"] == listed["items"][0]["id"]
    assert {row["outcome"] for row in listed["items"]} == {"ok"}
    # Workers end when their host is gone, whatever the way it went.
    assert not alive(family)


def test_disabled_server_serves_everything_but_calls(command: CommandLine, greet: Path) -> None:
    """With SERVERLESS_TYPE=DISABLED functions are kept and published, and calls say what to set."""
    key: str = command.must("init")["key"]
    with command.serving(SERVERLESS_TYPE="DISABLED") as server:
        remote = {"SANDERLING_URL": server.url, "SANDERLING_API_KEY": key}
        command.must("functions", "deploy", "greet", str(greet), **remote)
        answer = post(server, key, "greet", {"name": "Ada"})
        called = command.run("functions", "call", "greet", "--json", **remote)
        assert server.stop(signal.SIGINT) == 0

    assert answer.status_code == 503
    assert answer.json()["outcome"] == "disabled"
    assert "SERVERLESS_TYPE" in answer.json()["detail"]
    assert "sanderling serve" in answer.json()["detail"]
    assert (called.status, called.json["outcome"]) == (26, "disabled")


def test_call_in_flight_outlives_the_signal_to_stop(command: CommandLine) -> None:
    """A call that runs when SIGTERM comes is answered and recorded before the server ends."""
    file = command.folder / "slow.py"
    file.write_text("def handler(event, context):\n    while True:\n        pass\n")
    key: str = command.must("init")["key"]
    command.must("functions", "deploy", "slow", str(file), "--timeout", "3s")
    with command.serving() as server, ThreadPoolExecutor(1) as caller:
        under_way = caller.submit(post, server, key, "slow", None)
        while not busy(server):
            assert not under_way.done(), under_way.result().text

        assert server.stop() == 0

        answer = under_way.result()
    (row,) = command.must("calls", "list")["items"]
    assert answer.json()["outcome"] == "timeout"
    assert row["id"] == answer.json()["call_id"]


def busy(server: Server) -> float:
    """Return how many calls run now."""
    ready = httpx2.get(f"{server.url}/health/ready", timeout=30, trust_env=False).json()
    running: float = ready["parts"]["driver"]["numbers"]["busy"]
    return running
