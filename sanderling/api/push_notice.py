"""Reads what providers send when something changed; nothing of it is believed here.

Whatever a stranger sends is read as nothing: no part of it is repeated, and texts are bounded
before anybody looks anything up by them.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Final, cast
from urllib.parse import parse_qs

from jobs.push.door import Told
from sanderling.kernel.jsontext import JSON, InvalidJSON, decode

MOST_TOLD: Final = 100
"""How many subscriptions one body may tell of; Graph gathers changes, and there are few of them."""

_LONGEST = 320
_MOST_FIELDS = 32
_TOKEN = re.compile(r"[A-Za-z0-9 !#$%()*+,./:;=?@\[\]^_{|}~-]{1,1024}")
"""What Graph's validation token is made of; never what a browser could take for a mark."""


def validation_token(query: bytes) -> str | None:
    """Return the token that Graph wants back; None where it asks for none.

    Raises:
        ValueError: what it asks for is no such token, or there are several.

    """
    try:
        fields = parse_qs(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise ValueError("the query is none") from None
    values = fields.get("validationToken")
    if values is None:
        return None
    if len(values) != 1 or not _TOKEN.fullmatch(values[0]):
        raise ValueError("the token is none of Graph's")
    return values[0]


def mailbox_told(body: bytes) -> str:
    """Return the mailbox that a message of Pub/Sub names; empty where it names none."""
    data = _text(_object(_object(_loaded(body)).get("message")), "data", longest=4096)
    try:
        change = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return _text(_object(_loaded(change)), "emailAddress")


def subscriptions_told(body: bytes) -> tuple[Told, ...]:
    """Return what a body of Graph's tells of, each once and at most `MOST_TOLD`."""
    value = _object(_loaded(body)).get("value")
    entries = value if isinstance(value, list) else []
    found: dict[Told, None] = {}
    for entry in _objects(entries):
        told = Told(
            _text(entry, "subscriptionId"),
            _text(entry, "clientState"),
            _text(entry, "lifecycleEvent") if "lifecycleEvent" in entry else None,
        )
        if told.subscription_id:
            found[told] = None
        if len(found) >= MOST_TOLD:
            break
    return tuple(found)


def header_text(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """Return a header that came once, in ASCII and not too long; empty where it did not."""
    values = [value for key, value in headers if key == name]
    if len(values) != 1 or len(values[0]) > _LONGEST or not values[0].isascii():
        return ""
    return values[0].decode("ascii")


def _loaded(body: bytes) -> JSON:
    try:
        return decode(body)
    except InvalidJSON:
        return None


def _object(value: object) -> dict[str, JSON]:
    return cast("dict[str, JSON]", value) if isinstance(value, dict) else {}


def _objects(values: list[JSON]) -> Iterable[dict[str, JSON]]:
    return (value for value in values if isinstance(value, dict))


def _text(fields: dict[str, JSON], name: str, *, longest: int = _LONGEST) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and len(value) <= longest else ""
