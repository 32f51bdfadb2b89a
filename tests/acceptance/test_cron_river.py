"""A schedule from the command line: made, shown, calling, paused, resumed, deleted."""

from typing import Any

import httpx2
import pytest

from support.command import CommandLine
from support.waiting import until

pytestmark = pytest.mark.slow

ECHO = "def handler(event, context):\n    return event['scheduledAt']\n"


async def test_a_function_runs_each_second_once(command: CommandLine) -> None:
    """A server and a worker look at the same clock, and each second is one call."""
    key = command.must("init")["key"]
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    command.must("functions", "deploy", "echo", str(file))

    made = command.run(
        *("triggers", "create-cron", "echo", "* * * * * *", "--overlap", "allow"),
        *("--zone", "Europe/Berlin", "--catch-up", "skip", "--payload", '{"a": 1}'),
    )
    (listed,) = command.must("triggers", "list", "--kind", "cron")["items"]
    shown = command.run("triggers", "show", listed["id"])
    headers = {"authorization": f"Bearer {key}"}
    with command.serving() as server, command.working():
        async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=30) as http:

            async def calls() -> list[dict[str, Any]]:
                found = await http.get("/v1/calls", params={"limit": 100})
                items: list[dict[str, Any]] = found.json()["items"]
                return items

            async def has_made(count: int) -> bool:
                return len(await calls()) >= count

            # Asking more often than people do would come upon the limit of requests.
            await until(lambda: has_made(4), every_s=0.25)
            paused = command.must("triggers", "disable", listed["id"])
            before = len(await calls())
            resumed = command.must("triggers", "enable", listed["id"])
            await until(lambda: has_made(before + 2), every_s=0.25)
            command.must("triggers", "delete", listed["id"])
            left = command.must("triggers", "list")["items"]
            items = await calls()
            ticks = [(await http.get(f"/v1/calls/{one['id']}")).json()["result"] for one in items]

    assert (made.status, made.out.count("next: ")) == (0, 5)
    assert shown.out.count("UTC)") == 5
    assert {(call["trigger"], call["outcome"]) for call in items} == {("cron", "ok")}
    assert len(ticks) == len(set(ticks))
    assert (paused["is_enabled"], paused["next_runs"]) == (False, [])
    assert paused["course"]["last_execution_id"] is not None
    assert len(resumed["next_runs"]) == 5
    assert left == []


def test_an_impossible_schedule_is_refused(command: CommandLine) -> None:
    """The message says what is wrong and what to write."""
    command.must("init")
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    command.must("functions", "deploy", "echo", str(file))

    refused = command.run("triggers", "create-cron", "echo", "0 0 30 2 *")

    assert refused.status != 0
    assert "never matches any date" in refused.err
