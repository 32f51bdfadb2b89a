"""A response that a function makes is sent as it is, or not at all."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.triggers.errors import ReplyRefused
from runner.triggers.http_reply import EMPTY, Reply, made_reply, result_reply
from sanderling.kernel.jsontext import JSON


def test_a_result_is_json_as_it_is() -> None:
    """Not a byte of it is changed."""
    assert result_reply(b'{"a": 1.50}') == Reply(200, "application/json", b'{"a": 1.50}', {})


@pytest.mark.parametrize(
    ("result", "reply"),
    [
        ({}, Reply(200, "text/plain; charset=utf-8", b"", {})),
        ({"body": "é"}, Reply(200, "text/plain; charset=utf-8", "é".encode(), {})),
        ({"statusCode": 422, "body": {"a": 1}}, Reply(422, "application/json", b'{"a":1}', {})),
        (
            {"headers": {"Content-Type": "text/html; charset=utf-8"}, "body": "<p>"},
            Reply(200, "text/html; charset=utf-8", b"<p>", {}),
        ),
        (
            {
                "headers": {
                    "content-type": "text/csv",
                    "Content-Disposition": 'attachment; filename="a.csv"',
                },
                "body": "a,b",
            },
            Reply(200, "text/csv", b"a,b", {"content-disposition": 'attachment; filename="a.csv"'}),
        ),
        (
            {
                "headers": {"content-type": "image/png"},
                "body": base64.b64encode(b"\x89PNG").decode(),
                "isBase64Encoded": True,
            },
            Reply(200, "image/png", b"\x89PNG", {}),
        ),
        (
            {"statusCode": 303, "headers": {"Location": "https://example.com/thanks?x=1"}},
            Reply(
                303,
                "text/plain; charset=utf-8",
                b"",
                {"location": "https://example.com/thanks?x=1"},
            ),
        ),
        (
            {"statusCode": 429, "headers": {"retry-after": "7"}, "body": None},
            Reply(429, "text/plain; charset=utf-8", b"", {"retry-after": "7"}),
        ),
        ({"statusCode": 204}, Reply(204, "text/plain; charset=utf-8", b"", {})),
    ],
)
def test_what_is_allowed_is_sent(result: JSON, reply: Reply) -> None:
    """Statuses, headers, text, JSON and bytes arrive as the function gave them."""
    assert made_reply(result) == reply


@pytest.mark.parametrize(
    "headers",
    [
        {"set-cookie": "session=stolen"},
        {"access-control-allow-origin": "*"},
        {"content-security-policy": "default-src *"},
        {"x-content-type-options": "off"},
        {"x-accel-redirect": "/etc/passwd"},
        {"x-sendfile": "/etc/passwd"},
        {"transfer-encoding": "chunked"},
        {"content-length": "0"},
        {"connection": "close"},
        {"www-authenticate": "Basic"},
        {"refresh": "0;url=//evil"},
        {"clear-site-data": "*"},
        {"content-type": "text/html", "Content-Type": "text/plain"},
        {"retry-after": "1\r\nset-cookie: a=b"},
        {"retry-after": "1\nx: y"},
        {"retry-after": 7},
        {"retry-after": "x" * 3000},
        {"content-language": "d\u00e9"},
        {"content-type ": "text/html"},
        {"content-type": "application/javascript"},
        {"content-type": "text/javascript"},
        {"content-type": "text/css"},
        {"content-type": "image/svg+xml"},
        {"content-type": "application/xhtml+xml"},
        {"content-type": "multipart/form-data"},
        {"content-type": "text/html; charset=utf-7"},
        {"content-type": "text/html, text/javascript"},
        {"content-type": ""},
    ],
)
def test_headers_that_reach_beyond_the_response_are_refused(headers: JSON) -> None:
    """No cookie, no file of the proxy, no second response, no script, no weaker policy."""
    with pytest.raises(ReplyRefused):
        made_reply({"headers": headers, "body": "x"})


@pytest.mark.parametrize(
    "location",
    [
        *("//evil.example", "/\\evil.example", "javascript:alert(1)", "data:text/html,x"),
        *("https://user:password@example.com/", "https://good.example@evil.example/"),
        *("https:///nohost", "http:evil.example", "ftp://example.com", "evil", ""),
        *("https://evil.example\\@good.example/", "https://a b/", "\thttps://example.com"),
        "https://[::1",
    ],
)
def test_redirects_lead_where_every_browser_reads_the_same(location: str) -> None:
    """An address that programs read differently is none."""
    with pytest.raises(ReplyRefused):
        made_reply({"statusCode": 302, "headers": {"location": location}})


@pytest.mark.parametrize(
    "result",
    [
        *(None, 1, "text", [], {"status": 200}, {"statusCode": 200, "cookies": []}),
        *({"statusCode": status} for status in (0, 100, 101, 199, 300, 301, 304, 307, 308, 600)),
        *({"statusCode": status} for status in (True, "200", 200.0, None, 10**30)),
        *({"headers": []}, {"headers": "x"}, {"isBase64Encoded": "true"}),
        {"body": "not base64!", "isBase64Encoded": True},
        {"body": {"a": 1}, "isBase64Encoded": True},
        {"body": {"a": 1}, "headers": {"content-type": "text/html"}},
        {"statusCode": 204, "body": "x"},
        {"statusCode": 303},
        {"statusCode": 200, "headers": {"location": "/x"}},
    ],
)
def test_what_is_no_response_is_refused(result: JSON) -> None:
    """A plain result where a response was promised is a mistake that is told."""
    with pytest.raises(ReplyRefused):
        made_reply(result)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=6,
)
responses = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": st.sampled_from([200, 201, 204, 302, 404, 503, 99]) | json_values,
        "headers": st.dictionaries(
            st.sampled_from(["Content-Type", "location", "retry-after", "set-cookie"]),
            st.sampled_from(["text/html", "application/json", "/a", "//b", "1\r\n"])
            | st.text(max_size=9),
            max_size=3,
        ),
        "body": json_values,
        "isBase64Encoded": st.booleans(),
    },
)


@given(json_values | responses)
def test_every_reply_can_be_sent(result: JSON) -> None:
    """Whatever a guest returns, the head of the answer is plain ASCII without line ends."""
    try:
        reply = made_reply(result)
    except ReplyRefused:
        return

    head = [reply.content_type, *reply.headers, *reply.headers.values()]
    assert all(text.isascii() and text.isprintable() for text in head)
    assert 200 <= reply.status <= 599
    assert not (reply.status in EMPTY and reply.body)
    assert "set-cookie" not in reply.headers
