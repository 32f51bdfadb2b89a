"""What a function's result becomes over HTTP.

Functions share an origin with the API and the admin panel, and may hand on what strangers sent
them. So a response that a function makes itself is held to a list of what is allowed: statuses,
headers, content types and where a redirect leads. Nothing runs in a page that it sends, because
the edge puts every answer of a function into a sandbox of its own.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from runner.triggers.errors import ReplyRefused
from sanderling.kernel.ids import ExecutionId
from sanderling.kernel.jsontext import JSON, encode

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_MEMBERS = frozenset({"statusCode", "headers", "body", "isBase64Encoded"})
_MAX_HEADER = 2048
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_HEADERS = frozenset(
    {"content-type", "content-disposition", "content-language", "location", "retry-after"}
)
_CONTENT_TYPE = re.compile(
    r"(application/(?:json|problem\+json|pdf|xml|octet-stream|zip|rtf)"
    r"|text/(?:plain|html|csv|xml|calendar|markdown|vcard)"
    r"|image/(?:png|jpeg|gif|webp))"
    r'(?:\s*;\s*charset="?(?:utf-8|us-ascii)"?)?',
    re.IGNORECASE,
)
_FIRST, _LAST = 200, 599
EMPTY = frozenset({204, 205})
"""Statuses whose responses have no body."""

_REDIRECTS = frozenset({302, 303})
_CREATED = frozenset({201, 202})
_FIRST_REDIRECT, _FIRST_ERROR = 300, 400


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; names of headers are in small letters."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str]


def result_reply(result_json: bytes) -> Reply:
    """Return the answer that is a result, as it is."""
    return Reply(200, _JSON, result_json, {})


def queued_reply(execution_id: ExecutionId) -> Reply:
    """Return the answer to a request whose call is made later."""
    return Reply(202, _JSON, encode({"execution_id": execution_id}), {})


def made_reply(result: JSON) -> Reply:
    """Return the answer that a function made itself.

    Raises:
        ReplyRefused: it is none, or holds what is not allowed.

    """
    if not isinstance(result, dict) or not _MEMBERS.issuperset(result):
        raise ReplyRefused(reason="it is not an object of the members that a response has")
    status = _status(result.get("statusCode", 200))
    headers = _headers(result.get("headers"))
    content_type, body = _body(result, headers.pop("content-type", None))
    if status in EMPTY and body:
        raise ReplyRefused(reason=f"a response with the status {status} has no body")
    if "location" in headers and status not in _REDIRECTS | _CREATED:
        raise ReplyRefused(reason="location goes with the status 201, 202, 302 or 303")
    if status in _REDIRECTS and "location" not in headers:
        raise ReplyRefused(reason="a redirect needs the header location")
    return Reply(status, content_type, body, headers)


def _status(status: JSON) -> int:
    if not isinstance(status, int) or isinstance(status, bool) or not _FIRST <= status <= _LAST:
        raise ReplyRefused(reason=f"statusCode is a whole number from {_FIRST} to {_LAST}")
    if _FIRST_REDIRECT <= status < _FIRST_ERROR and status not in _REDIRECTS:
        # 307 and 308 would send the body, and what is in it, to another place.
        raise ReplyRefused(reason="a redirect has the status 302 or 303")
    return status


def _headers(given: JSON) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise ReplyRefused(reason="headers is an object of texts")
    found: dict[str, str] = {}
    for name, value in given.items():
        known = name.lower()
        if known not in _HEADERS:
            raise ReplyRefused(
                reason=f"a response has no headers but {', '.join(sorted(_HEADERS))}"
            )
        if known in found:
            raise ReplyRefused(reason=f"the header {known} is there twice")
        if not isinstance(value, str) or len(value) > _MAX_HEADER:
            raise ReplyRefused(reason=f"{known} is a text of at most {_MAX_HEADER} characters")
        if not _PRINTABLE.fullmatch(value):
            raise ReplyRefused(reason=f"{known} has characters beyond printable ASCII")
        found[known] = value
    if "location" in found:
        _check_location(found["location"])
    return found


def _check_location(location: str) -> None:
    """Pass what every browser reads alike: an absolute address of the web, or a path here."""
    if location.startswith("/") and not location.startswith(("//", "/\\")):
        return
    try:
        parts = urlsplit(location)
        host, user = parts.hostname, parts.username
    except ValueError:
        host = user = None
    is_web = location.lower().startswith(("https://", "http://"))
    if not is_web or not host or user is not None or "\\" in location or " " in location:
        raise ReplyRefused(reason="location is a path, or an http(s) address without a user")


def _body(result: Mapping[str, JSON], asked: str | None) -> tuple[str, bytes]:
    if asked is not None and not _CONTENT_TYPE.fullmatch(asked):
        raise ReplyRefused(reason="the content type is not one that functions may send")
    body, is_base64 = result.get("body"), result.get("isBase64Encoded", False)
    if not isinstance(is_base64, bool):
        raise ReplyRefused(reason="isBase64Encoded is true or false")
    if is_base64:
        return asked or "application/octet-stream", _decoded(body)
    if body is None:
        return asked or _TEXT, b""
    if isinstance(body, str):
        # What decoded JSON holds may still be half a surrogate pair.
        return asked or _TEXT, body.encode(errors="replace")
    if asked is not None and "json" not in asked.lower():
        raise ReplyRefused(reason="a body that is no text is JSON; leave the content type out")
    return asked or _JSON, encode(body)


def _decoded(body: JSON) -> bytes:
    if not isinstance(body, str):
        raise ReplyRefused(reason="a body in base64 is a text")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise ReplyRefused(reason="the body is not base64") from None
