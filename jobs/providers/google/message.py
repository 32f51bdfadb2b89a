"""Reads a message of Gmail in its format `full`, with bounds, and whatever it holds."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import islice

from jobs.providers.answer import Fields, count_of, fields_of, list_of, text_of, texts_of
from jobs.providers.charsets import text_in
from jobs.providers.encoded_words import MAX_HEADER_CHARS, decoded_words
from jobs.providers.google.addresses import MAX_ADDRESSES, addresses_of
from jobs.providers.guard import kept
from jobs.providers.page import id_of
from jobs.providers.text import MAX_TEXT_CHARS, clean, html_text
from jobs.sync.bounds import reference
from jobs.sync.items import Attachment, Message, Participant, Role

MAX_DEPTH = 50
MAX_PARTS = 1000
UNREAD = "UNREAD"
DRAFT = "DRAFT"

_VERSION_DIGITS = 24
"""More than an unsigned 64-bit number has, because servers that play Gmail count further."""

_ROLES = {
    "from": Role.FROM,
    "to": Role.TO,
    "cc": Role.CC,
    "bcc": Role.BCC,
    "reply-to": Role.REPLY_TO,
}
_KEPT_HEADERS = (
    "list-unsubscribe",
    "list-id",
    "precedence",
    "auto-submitted",
    "in-reply-to",
    "references",
    "x-auto-response-suppress",
)
_LEAST = ("id", "threadId", "labelIds", "historyId", "internalDate")
_MAX_KEPT_CHARS = 4096
_MAX_SUBJECT_CHARS = 2000
_MAX_NAME_CHARS = 500
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_MAX_STAMP_MS = 253_402_300_799_000  # the end of the year 9999.
_STAMP_DIGITS = 15


def version_of(history_id: object) -> str:
    """Return a history id as text that sorts as the number does; the lowest where it is none."""
    text = str(history_id)
    is_number = text.isascii() and text.isdigit() and len(text) <= _VERSION_DIGITS
    return (text if is_number else "").zfill(_VERSION_DIGITS)


def folders_of(labels: tuple[str, ...]) -> frozenset[str]:
    """Return the labels that are folders to us: all but the one that says what is unread."""
    return frozenset(map(label_of, labels)) - {UNREAD}


def label_of(label: str) -> str:
    """Return a label's id as it is kept."""
    return reference(clean(label))


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message's tree, with its headers by name in small letters."""

    id: str
    media_type: str
    name: str
    headers: Mapping[str, str]
    body: Fields

    @property
    def is_attachment(self) -> bool:
        """Claim that a reader sees it as a file."""
        return bool(self.name) or (
            "attachmentId" in self.body and not self.media_type.startswith("text/")
        )


def read_message(fields: Fields, *, parse_error: str | None = None) -> Message:
    """Return the message, with nothing but its labels should reading the rest ever fail."""
    return kept(partial(message_of, parse_error=parse_error), fields, _LEAST)


def message_of(fields: Fields, *, parse_error: str | None = None) -> Message:
    """Return the message; what cannot be read of it is left out, and `parse_error` says so."""
    payload = fields_of(fields, "payload")
    headers = headers_of(payload)
    labels = texts_of(fields, "labelIds")
    parts, is_whole = parts_of(payload)
    if not is_whole:
        parse_error = parse_error or f"it has more than {MAX_PARTS} parts, or {MAX_DEPTH} levels"
    return Message(
        remote_id=id_of(fields),
        thread_id=id_of(fields, "threadId"),
        rfc_message_id=clean(headers.get("message-id", "").strip(), 998) or None,
        version=version_of(fields.get("historyId", "")),
        folders=folders_of(labels),
        is_read=UNREAD not in labels,
        is_draft=DRAFT in labels,
        sent_at=_date(headers.get("date", "")),
        received_at=_stamp(fields.get("internalDate")),
        subject=clean(
            " ".join(decoded_words(headers.get("subject", "")).split()), _MAX_SUBJECT_CHARS
        ),
        participants=_participants(headers),
        text=_text(parts),
        attachments=tuple(map(_attachment, (part for part in parts if part.is_attachment))),
        headers={
            name: clean(headers[name], _MAX_KEPT_CHARS) for name in _KEPT_HEADERS if name in headers
        },
        parse_error=parse_error,
    )


def parts_of(payload: Fields) -> tuple[list[Part], bool]:
    """Return the leaves in order, and whether these are all."""
    found: list[Part] = []
    seen = 0
    is_whole = True
    waiting: list[tuple[Fields, int]] = [(payload, 0)]
    while waiting:
        part, depth = waiting.pop()
        seen += 1
        if seen > MAX_PARTS:
            return found, False
        inner = list_of(part, "parts")
        if not inner:
            found.append(_part(part))
        elif depth >= MAX_DEPTH:
            is_whole = False
        else:
            waiting.extend((child, depth + 1) for child in reversed(inner))
    return found, is_whole


def headers_of(part: Fields) -> dict[str, str]:
    """Return the headers of a part by name in small letters, with the first 64 KiB of each.

    Of several with one name the first counts.
    """
    headers: dict[str, str] = {}
    for header in list_of(part, "headers"):
        name = text_of(header, "name")[:_MAX_NAME_CHARS].lower()
        headers.setdefault(name, text_of(header, "value")[:MAX_HEADER_CHARS])
    return headers


def _part(part: Fields) -> Part:
    return Part(
        id_of(part, "partId"),
        clean(text_of(part, "mimeType").lower(), 200),
        clean(decoded_words(text_of(part, "filename")), _MAX_NAME_CHARS),
        headers_of(part),
        fields_of(part, "body"),
    )


def _attachment(part: Part) -> Attachment:
    # Gmail makes a new attachment id for each answer, while the place in the tree stays.
    disposition = part.headers.get("content-disposition", "").strip().lower()
    return Attachment(
        remote_id=part.id,
        name=part.name,
        media_type=part.media_type,
        size_bytes=count_of(part.body, "size"),
        is_inline=disposition.startswith("inline") or "content-id" in part.headers,
    )


def _text(parts: list[Part]) -> str:
    """Return the plain text, or what the HTML shows where there is none."""
    shown = [part for part in parts if not part.is_attachment]
    plain = "\n".join(_written(shown, "text/plain")).strip()
    if plain:
        return clean(plain.replace("\r\n", "\n"))
    return html_text("\n".join(_written(shown, "text/html")))


def _written(parts: list[Part], media_type: str) -> Iterator[str]:
    left = 4 * MAX_TEXT_CHARS
    for part in parts:
        if part.media_type == media_type and left > 0:
            written = _body(part, left)
            left -= len(written)
            yield written


def _body(part: Part, max_chars: int) -> str:
    # Each four characters stand for three bytes, and each character is a byte or more.
    data = bytes_of(text_of(part.body, "data")[: 6 * max_chars // 4 * 4])
    told = _CHARSET.search(part.headers.get("content-type", ""))
    return text_in(data, "utf-8", told[1] if told else "cp1252")[:max_chars]


def bytes_of(data: str) -> bytes:
    """Return what base64url without padding stands for; nothing where it is damaged."""
    try:
        return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return b""


def _participants(headers: Mapping[str, str]) -> tuple[Participant, ...]:
    told = (
        Participant(role, address)
        for name, role in _ROLES.items()
        if name in headers
        for address in addresses_of(decoded_words(headers[name]))
    )
    return tuple(islice(told, MAX_ADDRESSES))


def _date(header: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(header[:200])
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _stamp(value: object) -> datetime | None:
    text = str(value)
    if not (
        text.isascii()
        and text.isdigit()
        and len(text) <= _STAMP_DIGITS
        and int(text) <= _MAX_STAMP_MS
    ):
        return None
    return datetime.fromtimestamp(int(text) / 1000, UTC)
