"""What a function is given of an HTTP request.

The whole request has the form that the reference system and AWS HTTP APIs (payload format 2.0)
give it, so that functions move over unchanged. The body as it came is there too, because a
signature is over its bytes: parsing and printing JSON again breaks it.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from runner.triggers.errors import RouteRequestRefused
from runner.triggers.trigger import EventShape, HTTPRoute
from sanderling.kernel.jsontext import JSON, decode, encode

MAX_FIELDS = 1000

_JSON_TYPE = re.compile(r"application/([a-z0-9.!#$&^_-]+\+)?json")
_TEXT_TYPE = re.compile(r"text/[a-z0-9.+-]+|application/([a-z0-9.!#$&^_-]+\+)?xml")
_FORM_TYPE = "application/x-www-form-urlencoded"
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """One request as it came; `path` is the whole path, still encoded, `query` what follows `?`."""

    method: str
    path: str
    query: str
    headers: Sequence[Header]
    content_type: str
    body: bytes


def event_of(route: HTTPRoute, request: HTTPRequest, parameters: Mapping[str, str]) -> bytes:
    """Return the event, as JSON.

    Raises:
        InvalidJSON: the body says that it is JSON, and is not.
        RouteRequestRefused: the body or the query cannot be handed over.

    """
    body = _Body.of(request)
    if route.event is EventShape.BODY:
        if body.is_base64:
            raise RouteRequestRefused(reason="the body is neither JSON nor a form nor UTF-8 text")
        return body.value_json
    members: dict[str, JSON] = {
        "headers": _forwarded(request.headers, route.forwarded_request_headers),
        "queryStringParameters": _joined(_pairs(request.query, "query")),
        "rawQueryString": request.query,
        "pathParameters": dict(parameters),
        "rawBody": body.raw,
        "isBase64Encoded": body.is_base64,
        "requestContext": {"http": {"method": request.method, "path": request.path}},
    }
    # The body, which was checked, is passed on as it came.
    return b'%b,"body":%b}' % (encode(members)[:-1], body.value_json)


@dataclass(frozen=True, slots=True)
class _Body:
    """A body as a JSON value; `raw` is its text where it is text."""

    value_json: bytes
    raw: str | None
    is_base64: bool = False

    @classmethod
    def of(cls, request: HTTPRequest) -> "_Body":
        if not request.body:
            return cls(b"null", None)
        media_type, charset = _type_of(request.content_type)
        if _JSON_TYPE.fullmatch(media_type):
            decode(request.body)
            return cls(request.body, request.body.decode())
        text = _text(request.body) if charset in _CHARSETS else None
        if text is not None and media_type == _FORM_TYPE:
            return cls(encode(_grouped(_pairs(text, "body"))), text)
        if text is not None and (not media_type or _TEXT_TYPE.fullmatch(media_type)):
            return cls(encode(text), text)
        return cls(encode(base64.b64encode(request.body).decode()), None, is_base64=True)


def _type_of(content_type: str) -> tuple[str, str]:
    media_type, _, parameters = content_type.lower().partition(";")
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip().strip('"')
    return media_type.strip(), charset


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _forwarded(headers: Sequence[Header], names: Sequence[str]) -> dict[str, JSON]:
    """Return the headers of these names alone; one that came several times is joined."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(found[name]) for name in names if name in found}


def _pairs(text: str, part: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        reason = f"the {part} has more than {MAX_FIELDS} fields"
        raise RouteRequestRefused(reason=reason) from None


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, JSON]:
    """Return the last form that a query takes at AWS: a name that repeats has its values joined."""
    found: dict[str, JSON] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, JSON]:
    """Return the fields of a form; a name that repeats has a list of its values."""
    found: dict[str, list[JSON]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
