"""A change of a record calls every function that watches it once, whatever else happens."""

import asyncio
from typing import Any

import httpx2
import pytest

from support.command import CommandLine
from support.waiting import until

pytestmark = pytest.mark.slow

ECHO = "def handler(event, context):\n    return event['properties']['after']\n"
TIMES = 10


def _batch(*event_ids: str) -> dict[str, Any]:
    return {
        "events": [
            {
                "id": event_id,
                "object": "company",
                "operation": "updated",
                "record_id": event_id,
                "happened_at": "2026-01-01T00:00:00Z",
                "after": {"id": event_id},
                "updated_fields": ["name"],
            }
            for event_id in event_ids
        ]
    }


async def test_one_event_is_one_call_for_each_function_across_two_processes(
    command: CommandLine,
) -> None:
    """The same events, told ten times to two servers at once, make no second call."""
    key = command.must("init")["key"]
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    for name in ("first", "second"):
        command.must("functions", "deploy", name, str(file))
        command.must("triggers", "create-record", name, "company.*", "--field", "name")
    command.must("triggers", "create-record", "second", "person.*")

    with command.serving() as one, command.serving() as other:
        headers = {"authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(base_url=one.url, headers=headers, timeout=30) as left,
            httpx2.AsyncClient(base_url=other.url, headers=headers, timeout=30) as right,
        ):
            batch = _batch("evt_1", "evt_2", "evt_3")
            answers = await asyncio.gather(
                *(
                    client.post("/v1/record-events", json=batch)
                    for client in (left, right) * (TIMES // 2)
                )
            )
            assert {answer.status_code for answer in answers} == {200}
            new = [
                item["id"]
                for answer in answers
                for item in answer.json()["items"]
                if not item["is_known"]
            ]
            assert sorted(new) == ["evt_1", "evt_2", "evt_3"]

            async def calls() -> list[dict[str, Any]]:
                found = await left.get("/v1/calls", params={"limit": 100})
                items: list[dict[str, Any]] = found.json()["items"]
                return items

            async def has_made(count: int) -> bool:
                return len(await calls()) >= count

            await until(lambda: has_made(6))
            # Told again after all was done, by both, and then a new one: it alone makes calls.
            await asyncio.gather(
                *(client.post("/v1/record-events", json=batch) for client in (left, right))
            )
            await right.post("/v1/record-events", json=_batch("evt_4"))
            await until(lambda: has_made(8))
            made = await calls()

    assert sorted(call["function"] for call in made) == ["first"] * 4 + ["second"] * 4
    assert {(call["trigger"], call["outcome"]) for call in made} == {("record", "ok")}
