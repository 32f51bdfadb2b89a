"""A sample has the shape that its trigger makes, and is one that the trigger would take."""

import pytest

from runner.triggers.outbox import outbox_event
from runner.triggers.sample import sample_event
from runner.triggers.trigger import EventShape, HTTPMethod, HTTPRoute, RecordWatch
from sanderling.kernel.jsontext import InvalidJSON, decode
from support.records import START
from support.triggers import ROUTE, a_change


def test_a_sample_of_a_request_is_whole() -> None:
    """Parameters, headers and body are there."""
    event = decode(sample_event(ROUTE, START, body=b'{"n":1}'))

    assert isinstance(event, dict)
    assert event["pathParameters"] == {"id": "id", "rest": "rest"}
    assert event["headers"] == {"x-signature": "sample", "user-agent": "sample"}
    assert event["body"] == {"n": 1}
    assert event["requestContext"] == {"http": {"method": "PATCH", "path": "/s/orders/id/rest"}}


def test_a_sample_of_a_body_is_the_body() -> None:
    """Where the body alone is the event, nothing is around it."""
    route = HTTPRoute("/hook", HTTPMethod.POST, event=EventShape.BODY)

    assert sample_event(route, START, body=b"[1]") == b"[1]"
    with pytest.raises(InvalidJSON):
        sample_event(route, START, body=b"{").decode()


@pytest.mark.parametrize(
    ("watch", "name", "fields"),
    [
        (RecordWatch("person.deleted"), "person.deleted", []),
        (RecordWatch("*.*", ("name",)), "company.updated", ["name"]),
        (RecordWatch("*.created"), "company.created", []),
    ],
)
def test_a_sample_of_a_change_is_one_that_is_watched(
    watch: RecordWatch, name: str, fields: list[str]
) -> None:
    """It has every member that a real one has."""
    event = decode(sample_event(watch, START, body=b'{"a":1}'))
    real = decode(outbox_event(a_change(), START).event_json)

    assert isinstance(event, dict)
    assert isinstance(real, dict)
    assert set(event) == set(real)
    assert event["name"] == name
    assert event["properties"] == {"before": None, "after": {"a": 1}, "updatedFields": fields}
