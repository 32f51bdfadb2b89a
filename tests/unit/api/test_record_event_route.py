"""`POST /v1/record-events` takes batches of changes, each with its own result."""

from typing import Any

from sanderling.access.principal import Role
from support.services import build_house, open_http

TYPE = "urn:sanderling:problem:"


def _event(event_id: str = "evt_1", **more: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "object": "company",
        "operation": "updated",
        "record_id": "1",
        "happened_at": "2026-01-01T00:00:00+02:00",
        "before": {"name": "a"},
        "after": {"name": "b"},
        "updated_fields": ["name"],
        **more,
    }


async def test_each_event_has_its_own_result() -> None:
    """New, known and refused ones stand beside each other in the order of the batch."""
    house = build_house()
    async with open_http(house, await house.key(Role.MEMBER)) as http:
        batch = [_event(), _event("two words"), _event()]

        answer = await http.post("/v1/record-events", json={"events": batch})

    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [(item["index"], item["id"], item["is_known"]) for item in items] == [
        (0, "evt_1", False),
        (1, "two words", False),
        (2, "evt_1", True),
    ]
    assert [item["problem"] and item["problem"]["type"] for item in items] == [
        None,
        TYPE + "record-event-refused",
        None,
    ]


async def test_a_batch_that_is_none_is_refused() -> None:
    """A shape that nobody can read, or a batch without end, is refused as a whole."""
    house = build_house()
    async with open_http(house, await house.key()) as http:
        odd = await http.post("/v1/record-events", json={"events": [_event(operation="moved")]})
        naive = await http.post(
            "/v1/record-events", json={"events": [_event(happened_at="2026-01-01T00:00:00")]}
        )
        number = await http.post(
            "/v1/record-events", json={"events": [_event(happened_at=1_767_225_600)]}
        )
        none = await http.post("/v1/record-events", json={"events": []})
        many = await http.post("/v1/record-events", json={"events": [_event()] * 1001})

    assert [odd.status_code, naive.status_code, number.status_code] == [422, 422, 422]
    assert {none.json()["type"], many.json()["type"]} == {TYPE + "record-event-refused"}


async def test_what_is_announced_is_in_the_outbox_of_its_workspace() -> None:
    """A key tells of its own workspace alone."""
    house = build_house()
    elsewhere = await house.key(workspace_id=house.other_workspace_id)
    async with open_http(house, await house.key()) as here, open_http(house, elsewhere) as there:
        first = await here.post("/v1/record-events", json={"events": [_event()]})
        second = await there.post("/v1/record-events", json={"events": [_event()]})

    assert [answer.json()["items"][0]["is_known"] for answer in (first, second)] == [False, False]
