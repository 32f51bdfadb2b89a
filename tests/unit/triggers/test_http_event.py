"""What a function is given of a request."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.triggers.errors import RouteRequestRefused
from runner.triggers.http_event import MAX_FIELDS, HTTPRequest, event_of
from runner.triggers.trigger import EventShape, HTTPMethod, HTTPRoute
from sanderling.kernel.jsontext import InvalidJSON, decode

WHOLE = HTTPRoute("/hook", HTTPMethod.POST, forwarded_request_headers=("x-signature",))
ALONE = HTTPRoute("/hook", HTTPMethod.POST, event=EventShape.BODY)
JSON_TYPE = "application/json"


def _request(
    body: bytes = b"",
    content_type: str = JSON_TYPE,
    *,
    query: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> HTTPRequest:
    return HTTPRequest("POST", "/s/hook", query, headers, content_type, body)


def _event(request: HTTPRequest, route: HTTPRoute = WHOLE, **parameters: str) -> Any:
    return decode(event_of(route, request, parameters))


def test_a_request_has_the_form_of_http_apis() -> None:
    """The names are those that users of the reference system and of AWS know."""
    request = _request(
        b'{"n": 1.50}',
        query="a=1&b=x+y&a=2",
        headers=[(b"x-signature", b"v1=abc"), (b"authorization", b"Bearer secret")],
    )

    assert _event(request, id="7") == {
        "headers": {"x-signature": "v1=abc"},
        "queryStringParameters": {"a": "1,2", "b": "x y"},
        "rawQueryString": "a=1&b=x+y&a=2",
        "pathParameters": {"id": "7"},
        "body": {"n": 1.5},
        "rawBody": '{"n": 1.50}',
        "isBase64Encoded": False,
        "requestContext": {"http": {"method": "POST", "path": "/s/hook"}},
    }


def test_only_listed_headers_are_forwarded() -> None:
    """Nothing else of the head reaches the function, in no spelling."""
    headers = [
        (b"X-Signature", b"one"),
        (b"x_signature", b"two"),
        (b"cookie", b"session=1"),
        (b"x-signature ", b"three"),
    ]

    assert _event(_request(headers=headers))["headers"] == {"x-signature": "one"}


def test_a_header_that_came_twice_is_joined() -> None:
    """A second one cannot hide behind the first, nor take its place."""
    headers = [(b"x-signature", b"good"), (b"x-signature", b"evil")]

    assert _event(_request(headers=headers))["headers"] == {"x-signature": "good, evil"}


def test_the_body_as_it_came_can_be_signed() -> None:
    """White space, key order and escapes of a JSON body are there to the byte."""
    raw = '{ "b":1,\n "a": "\\u00e9é" }'

    event = _event(_request(raw.encode()))

    assert event["rawBody"] == raw
    assert event["body"] == {"b": 1, "a": "éé"}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/vnd.api+json; charset=utf-8", b"[1]", [1]),
        ("text/plain", "é".encode(), "é"),
        ("text/plain; charset=UTF-8", b"x", "x"),
        ("application/xml", b"<a/>", "<a/>"),
        ("application/soap+xml", b"<a/>", "<a/>"),
        ("", b"plain", "plain"),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&a=2", {"a": ["1", "2"], "b": "x y"}),
        (
            "application/x-www-form-urlencoded",
            b"text=%2Fdeploy&empty=",
            {"text": "/deploy", "empty": ""},
        ),
    ],
)
def test_a_body_of_text_is_a_value(content_type: str, body: bytes, expected: object) -> None:
    """JSON is parsed, a form is an object, other text is text; all have the raw body too."""
    event = _event(_request(body, content_type))

    assert (event["body"], event["rawBody"], event["isBase64Encoded"]) == (
        expected,
        body.decode(),
        False,
    )
    assert _event(_request(body, content_type), ALONE) == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"\x89PNG\r\n"),
        ("application/octet-stream", b"plain"),
        ("text/plain", b"\xff\xfe"),
        ("text/plain; charset=iso-8859-1", b"x"),
        ("", b"\x00\xff"),
    ],
)
def test_other_bodies_are_base64_and_say_so(content_type: str, body: bytes) -> None:
    """Nothing is guessed; a function that gets the body alone is not given bytes."""
    event = _event(_request(body, content_type))

    assert (base64.b64decode(event["body"]), event["rawBody"]) == (body, None)
    assert event["isBase64Encoded"] is True
    with pytest.raises(RouteRequestRefused):
        _event(_request(body, content_type), ALONE)


def test_no_body_is_null() -> None:
    """An empty body is not an empty text, whatever its content type."""
    for content_type in (JSON_TYPE, "text/plain", "image/png", ""):
        event = _event(_request(b"", content_type))
        assert (event["body"], event["rawBody"]) == (None, None)
        assert _event(_request(b"", content_type), ALONE) is None


@pytest.mark.parametrize("body", [b"{", b"NaN", b'{"a":1}{', b"\xff", b'"\\ud800"', b"[" * 90])
def test_json_that_is_none_is_refused(body: bytes) -> None:
    """A body cannot break out of the event that it stands in."""
    for route in (WHOLE, ALONE):
        with pytest.raises(InvalidJSON):
            event_of(route, _request(body), {})


def test_queries_and_forms_have_bounds() -> None:
    """A request of a million fields is refused before anything is made of it."""
    many = "&".join(["a=1"] * (MAX_FIELDS + 1))

    with pytest.raises(RouteRequestRefused, match="query"):
        event_of(WHOLE, _request(query=many), {})
    form = _request(many.encode(), "application/x-www-form-urlencoded")
    with pytest.raises(RouteRequestRefused, match="body"):
        event_of(WHOLE, form, {})


@given(st.binary(max_size=60), st.text(max_size=30), st.text(max_size=40))
def test_every_event_is_strict_json(body: bytes, content_type: str, query: str) -> None:
    """Whatever a stranger sends, what reaches a guest is JSON or nothing."""
    try:
        event = event_of(
            WHOLE, _request(body, content_type, query=query.encode().decode("latin-1")), {}
        )
    except (InvalidJSON, RouteRequestRefused):
        return

    assert decode(event) == json.loads(event)
