"""Queued calls over HTTP: submitted, seen, awaited, cancelled, replayed."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from drivers.memory import log_text
from sanderling.access.principal import Role
from sanderling.api.execution_models import ExecutionPage, ExecutionShown
from sanderling.kernel.jsontext import JSON
from support.services import House, build_house, open_http

PATH = "/v1/functions/echo/executions"
QUEUED = {"prefer": "respond-async"}


def _talk(event: JSON, _: Mapping[str, JSON]) -> JSON:
    log_text("line 1\n")
    return event


@dataclass(frozen=True, slots=True)
class Desk:
    """A house with a function, and someone who may do everything there."""

    house: House
    http: httpx2.AsyncClient

    async def queue(self, event: object = 1, **query: str | float) -> dict[str, Any]:
        """Return a new execution."""
        answer = await self.http.post(PATH, json=event, params=query, headers=QUEUED)
        assert answer.status_code == 202, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def work(self) -> None:
        """Run everything that is due."""
        await self.house.joined.attendant.handle(f"{self.house.workspace_id}/")

    async def shown(self, execution_id: str) -> dict[str, Any]:
        """Return an execution as it is shown now."""
        document: dict[str, Any] = (await self.http.get(f"/v1/executions/{execution_id}")).json()
        return document


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    """Yield a desk."""
    house = build_house(handlers={"talk": _talk})
    async with open_http(house, await house.key()) as http:
        await http.post("/v1/functions", json={"name": "echo", "source": "x"})
        await http.post("/v1/functions/echo/versions")
        yield Desk(house, http)


async def test_a_call_is_queued_on_request(desk: Desk) -> None:
    """Whoever prefers not to wait is told where to look."""
    answer = await desk.http.post(PATH, json={"a": 1}, headers=QUEUED)

    document = answer.json()
    assert (answer.status_code, document["status"]) == (202, "waiting")
    assert answer.headers["location"] == f"/v1/executions/{document['id']}"
    assert answer.headers["preference-applied"] == "respond-async"
    assert "idempotency-replayed" not in answer.headers
    assert document == await desk.shown(document["id"])
    assert ExecutionShown.model_validate_json(answer.content).event == {"a": 1}


async def test_everything_that_may_be_asked_for_is_kept(desk: Desk) -> None:
    """Each parameter of the query is in the execution."""
    now = desk.house.clock.now()
    due = now + timedelta(seconds=30)

    document = await desk.queue(
        delay_s=30,
        deadline_s="6e1",
        priority=0,
        lane="mail",
        max_attempts=7,
        timeout_s=1.5,
        version=1,
    )
    later = await desk.queue(not_before=due.isoformat())

    names = ("priority", "lane", "max_attempts", "timeout_s", "version")
    assert [document[name] for name in names] == [0, "mail", 7, 1.5, 1]
    shown = ExecutionShown.model_validate(document)
    assert (shown.due_at, shown.deadline_at) == (due, now + timedelta(seconds=60))
    assert ExecutionShown.model_validate(later).due_at == due


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"delay_s": "soon"}, "delay_s"),
        ({"delay_s": "-1"}, "delay_s"),
        ({"deadline_s": "nan"}, "deadline_s"),
        ({"not_before": "2026-01-01T00:00:00"}, "not_before"),
        ({"priority": "high"}, "priority"),
        ({"max_attempts": "1.5"}, "max_attempts"),
        ({"timeout_s": "0"}, "timeout_s"),
        ({"version": "draft"}, "version"),
        ({"version": "0"}, "version"),
        ({"dealy_s": "1"}, "dealy_s"),
    ],
)
async def test_a_parameter_that_does_not_fit_is_named(
    desk: Desk, query: dict[str, str], field: str
) -> None:
    """Nothing is queued, and the problem says which parameter it was."""
    answer = await desk.http.post(PATH, json=1, params=query, headers=QUEUED)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_numbers_out_of_range_are_refused(desk: Desk) -> None:
    """The reason says what is allowed."""
    answer = await desk.http.post(PATH, json=1, params={"priority": 10}, headers=QUEUED)

    assert (answer.status_code, answer.json()["type"]) == (
        422,
        "urn:sanderling:problem:execution-refused",
    )


async def test_who_waits_cannot_ask_for_what_only_queues_have(desk: Desk) -> None:
    """Without the preference a delay is a misspelt parameter."""
    answer = await desk.http.post(PATH, json=1, params={"delay_s": 1})

    assert answer.status_code == 422


async def test_other_preferences_are_left_aside(desk: Desk) -> None:
    """Only this one is known; with it, others may stand beside."""
    waited = await desk.http.post(PATH, json=1, headers={"prefer": "wait=5, handling=lenient"})
    queued = await desk.http.post(PATH, json=1, headers={"prefer": "wait=5, Respond-Async; x=1"})

    assert (waited.status_code, queued.status_code) == (200, 202)


async def test_an_ended_execution_shows_its_answer(desk: Desk) -> None:
    """Result and logs are in it, as a caller who waited would have got them."""
    await desk.http.put("/v1/functions/echo/draft", json={"source": "talk"})
    await desk.http.post("/v1/functions/echo/versions")
    document = await desk.queue({"a": 1})

    await desk.work()

    shown = await desk.shown(document["id"])
    assert (shown["status"], shown["outcome"], shown["attempts"]) == ("succeeded", "ok", 1)
    assert (shown["answer"]["result"], shown["answer"]["logs"]) == ({"a": 1}, "line 1\n")
    call = (await desk.http.get(f"/v1/calls/{shown['call_id']}")).json()
    assert (call["id"], call["execution_id"]) == (shown["answer"]["call_id"], shown["id"])
    assert ExecutionShown.model_validate(shown).answer is not None


async def test_an_idempotency_key_queues_once(desk: Desk) -> None:
    """The second answer tells of the same execution, and says so."""
    headers = {**QUEUED, "idempotency-key": "order-1"}
    first = await desk.http.post(PATH, json=1, headers=headers)

    second = await desk.http.post(PATH, json=1, headers=headers)
    other = await desk.http.post(PATH, json=2, headers=headers)

    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["key"]) == (409, "order-1")


async def test_an_idempotency_key_calls_once(desk: Desk) -> None:
    """Who waits gets the same answer again, byte for byte."""
    headers = {"idempotency-key": "order-1"}
    first = await desk.http.post(PATH, json=1, headers=headers)

    second = await desk.http.post(PATH, json=1, headers=headers)
    other = await desk.http.post(PATH, json=2, headers=headers)
    queued = await desk.http.post(PATH, json=1, headers=headers | QUEUED)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (other.status_code, queued.status_code) == (409, 409)
    assert len((await desk.http.get("/v1/calls")).json()["items"]) == 1


@pytest.mark.parametrize("key", ["", " ", "k" * 256])
async def test_a_key_that_is_no_word_is_refused(desk: Desk, key: str) -> None:
    """Whoever sends an empty key believes to be safe and is not."""
    for more in ({}, QUEUED):
        answer = await desk.http.post(PATH, json=1, headers={**more, "idempotency-key": key})

        assert answer.status_code == 422


async def test_two_keys_are_refused(desk: Desk) -> None:
    """Nobody guesses which one is meant."""
    headers = [("idempotency-key", "a"), ("idempotency-key", "b")]

    answer = await desk.http.post(PATH, json=1, headers=headers)

    assert answer.status_code == 422


async def test_a_batch_answers_for_each(desk: Desk) -> None:
    """Each call is queued or has its own problem."""
    answer = await desk.http.post(
        "/v1/executions",
        json={
            "executions": [
                {"function": "echo", "event": {"a": 1}, "priority": 1, "lane": "a"},
                {"function": "missing"},
                {"function": "echo", "not_before": "2026-06-01T00:00:00Z", "idempotency_key": "k"},
                {"function": "echo", "not_before": "2026-06-01T00:00:00Z", "idempotency_key": "k"},
                {"function": "echo", "priority": 11},
            ]
        },
    )

    items: list[dict[str, Any]] = answer.json()["items"]
    assert answer.status_code == 200
    assert [item["index"] for item in items] == [0, 1, 2, 3, 4]
    types = [str(item["problem"]["type"]) if item["problem"] else "" for item in items]
    kinds = [each.rpartition(":")[2] for each in types]
    assert kinds == ["", "function-unknown", "", "", "execution-refused"]
    assert items[0]["execution"]["event"] == {"a": 1}
    assert items[2]["execution"]["id"] == items[3]["execution"]["id"]
    assert [item["is_replayed"] for item in items] == [False, False, False, True, False]


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"executions":[]}',
        '{"executions":[{}]}',
        '{"executions":[{"function":1}]}',
        '{"executions":[{"function":"echo","evnt":1}]}',
    ],
)
async def test_a_batch_that_is_none_is_refused(desk: Desk, body: str) -> None:
    """The whole is refused where it has no calls in it, or a call without a function."""
    json_type = {"content-type": "application/json"}

    answer = await desk.http.post("/v1/executions", content=body, headers=json_type)

    assert answer.status_code == 422


async def test_executions_are_listed(desk: Desk) -> None:
    """Newest first, light, filtered, page by page."""
    first, second = await desk.queue(lane="a"), await desk.queue()
    await desk.http.post(f"/v1/executions/{second['id']}/cancel")

    async def ids(**query: str | int) -> list[str]:
        answer = await desk.http.get("/v1/executions", params=query)
        page = ExecutionPage.model_validate_json(answer.content)
        return [row.id for row in page.items]

    assert await ids() == [second["id"], first["id"]]
    assert await ids(limit=1) == [second["id"]]
    assert await ids(status="waiting") == [first["id"]]
    assert await ids(lane="a") == [first["id"]]
    assert await ids(function="other") == []
    assert await ids(key_id=first["key_id"], since="2025-01-01T00:00:00Z") == [
        second["id"],
        first["id"],
    ]
    page = (await desk.http.get("/v1/executions", params={"limit": 1})).json()
    assert await ids(cursor=page["next_cursor"]) == [first["id"]]


async def test_who_waits_is_answered_at_the_end(desk: Desk) -> None:
    """A long poll returns once the execution has ended."""
    document = await desk.queue()
    path = f"/v1/executions/{document['id']}"
    waiting = asyncio.create_task(desk.http.get(path, params={"wait_s": 60}))
    await asyncio.sleep(0)

    await desk.work()

    assert (await waiting).json()["status"] == "succeeded"


@pytest.mark.parametrize("wait_s", ["61", "-1", "nan", "soon"])
async def test_nobody_waits_for_ever(desk: Desk, wait_s: str) -> None:
    """A wait is at most a minute."""
    document = await desk.queue()

    answer = await desk.http.get(f"/v1/executions/{document['id']}", params={"wait_s": wait_s})

    assert answer.status_code == 422


def _events(text: str) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


async def test_progress_is_told_as_events(desk: Desk) -> None:
    """Status, log and outcome come in order; a reconnection goes on where it was."""
    await desk.http.put("/v1/functions/echo/draft", json={"source": "talk"})
    await desk.http.post("/v1/functions/echo/versions")
    document = await desk.queue()
    await desk.work()
    path = f"/v1/executions/{document['id']}/progress"

    answer = await desk.http.get(path)
    events = _events(answer.text)
    again = await desk.http.get(path, headers={"last-event-id": events[2][1]})

    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [(kind, data.get("status"), data.get("text")) for kind, _, data in events]
    assert told == [
        ("status", "succeeded", None),
        ("status", "running", None),
        ("log", None, "line 1\n"),
        ("status", "succeeded", None),
        ("outcome", "succeeded", None),
    ]
    assert events[-1][2] == await desk.shown(document["id"])
    assert [kind for kind, _, _ in _events(again.text)] == ["status", "outcome"]


async def test_streams_end_when_the_server_does(desk: Desk) -> None:
    """Who follows a quiet execution is let go, to connect elsewhere."""
    document = await desk.queue(delay_s=60)
    desk.house.services.stopping.set()

    answer = await desk.http.get(f"/v1/executions/{document['id']}/progress")

    assert [kind for kind, _, _ in _events(answer.text)] == ["status"]


async def test_an_execution_is_cancelled(desk: Desk) -> None:
    """It is shown as it is afterwards, however often it is asked for."""
    document = await desk.queue()
    path = f"/v1/executions/{document['id']}/cancel"

    answers = [(await desk.http.post(path)).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert (answers[0]["status"], answers[0]["is_cancel_asked"]) == ("cancelled", True)


async def test_an_ended_execution_is_replayed(desk: Desk) -> None:
    """With its own event, or with the one that is sent."""
    document = await desk.queue({"a": 1})
    path = f"/v1/executions/{document['id']}/replay"
    early = await desk.http.post(path)
    await desk.work()

    again = await desk.http.post(path)
    other = await desk.http.post(
        path, json=None, content=b"null", headers={"content-type": "application/json"}
    )
    broken = await desk.http.post(path, content=b"{", headers={"content-type": "application/json"})

    assert (early.status_code, broken.status_code) == (409, 400)
    assert (again.status_code, again.json()["event"]) == (202, {"a": 1})
    assert again.json()["replay_of"] == document["id"]
    assert again.headers["location"] == f"/v1/executions/{again.json()['id']}"
    assert other.json()["event"] is None


async def test_members_steer_what_is_theirs(desk: Desk) -> None:
    """What another key queued takes the permission to manage executions."""
    document = await desk.queue()
    async with open_http(desk.house, await desk.house.key(Role.MEMBER)) as member:
        refused = await member.post(f"/v1/executions/{document['id']}/cancel")
        seen = await member.get(f"/v1/executions/{document['id']}")

    assert (refused.status_code, refused.json()["permission"]) == (403, "executions.manage")
    assert seen.status_code == 200


async def test_an_unknown_execution_is_not_found(desk: Desk) -> None:
    """Whatever is done to it."""
    for method, path in (
        ("GET", ""),
        ("GET", "/progress"),
        ("POST", "/cancel"),
        ("POST", "/replay"),
    ):
        answer = await desk.http.request(method, f"/v1/executions/exec_1{path}")

        assert (answer.status_code, answer.json()["execution_id"]) == (404, "exec_1")
