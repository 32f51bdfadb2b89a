"""Reads a message of Graph, whatever it holds."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from jobs.providers.answer import Fields, count_of, fields_of, list_of, text_of
from jobs.providers.guard import kept
from jobs.providers.page import id_of
from jobs.providers.text import clean, html_text
from jobs.sync.items import Address, Attachment, Message, Participant, Role

SELECT = ",".join(
    (
        *("id", "conversationId", "internetMessageId", "lastModifiedDateTime", "parentFolderId"),
        *("isRead", "isDraft", "sentDateTime", "receivedDateTime", "subject", "body", "from"),
        *("toRecipients", "ccRecipients", "bccRecipients", "replyTo", "internetMessageHeaders"),
    )
)
LEAST = (
    *("id", "conversationId", "lastModifiedDateTime", "parentFolderId", "isRead", "isDraft"),
    *("sentDateTime", "receivedDateTime"),
)
"""What Graph itself wrote of a message: short, whatever its sender did."""

EXPAND = "attachments($select=id,name,contentType,size,isInline)"
KEPT_HEADERS = frozenset(
    {
        *("list-unsubscribe", "list-id", "precedence", "auto-submitted", "in-reply-to"),
        *("references", "x-auto-response-suppress"),
    }
)
MAX_PARTICIPANTS = 1000
MAX_ATTACHMENTS = 1000
_MAX_HEADER_CHARS = 16 * 1024
_MAX_SHORT_CHARS = 2000
_MAX_EMAIL_CHARS = 320
_MAX_NAME_CHARS = 500

_LISTS = {
    "toRecipients": Role.TO,
    "ccRecipients": Role.CC,
    "bccRecipients": Role.BCC,
    "replyTo": Role.REPLY_TO,
}


def read_message(fields: Fields, *, parse_error: str | None = None) -> Message:
    """Return the message, with nothing but its place should reading the rest ever fail."""
    return kept(partial(message_of, parse_error=parse_error), fields, LEAST)


def message_of(fields: Fields, *, parse_error: str | None = None) -> Message:
    """Return the message; what is missing or no text is empty, and everything is bounded."""
    folder = id_of(fields, "parentFolderId")
    return Message(
        remote_id=id_of(fields),
        thread_id=id_of(fields, "conversationId"),
        rfc_message_id=clean(text_of(fields, "internetMessageId"), _MAX_SHORT_CHARS) or None,
        version=version_of(fields),
        folders=frozenset({folder}) if folder else frozenset(),
        is_read=fields.get("isRead") is True,
        is_draft=fields.get("isDraft") is True,
        sent_at=moment_of(text_of(fields, "sentDateTime")),
        received_at=moment_of(text_of(fields, "receivedDateTime")),
        subject=clean(text_of(fields, "subject"), _MAX_SHORT_CHARS),
        participants=tuple(islice(_participants(fields), MAX_PARTICIPANTS)),
        text=_text(fields_of(fields, "body")),
        attachments=tuple(
            _attachment(one) for one in list_of(fields, "attachments")[:MAX_ATTACHMENTS]
        ),
        headers=_headers(fields),
        parse_error=parse_error,
    )


def version_of(fields: Fields) -> str:
    """Return when the message was changed last, as text that sorts as the moment does.

    Its change key has no order, and fractions of a second may come or not. They stand behind the
    Z, so that it sorts after the provider's own text for the same second, which was kept before.
    """
    changed_at = moment_of(text_of(fields, "lastModifiedDateTime"))
    return changed_at.strftime("%Y-%m-%dT%H:%M:%SZ%f") if changed_at else ""


def moment_of(text: str) -> datetime | None:
    """Return a moment in UTC, or None where there is none."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def address_of(fields: Fields) -> Address | None:
    """Return the address of a recipient, or None where it has none."""
    named = fields_of(fields, "emailAddress")
    email = text_of(named, "address").strip().lower()
    # One that is cut would be another one, and perhaps somebody else's.
    if "@" not in email or len(email) > _MAX_EMAIL_CHARS:
        return None
    return Address(clean(text_of(named, "name"), _MAX_NAME_CHARS), clean(email))


def _participants(fields: Fields) -> Iterator[Participant]:
    sender = address_of(fields_of(fields, "from"))
    if sender is not None:
        yield Participant(Role.FROM, sender)
    for name, role in _LISTS.items():
        for one in list_of(fields, name):
            address = address_of(one)
            if address is not None:
                yield Participant(role, address)


def _text(body: Fields) -> str:
    content = text_of(body, "content")
    # Plain text is asked for; an answer in HTML all the same is made plain here.
    return html_text(content) if text_of(body, "contentType").lower() == "html" else clean(content)


def _attachment(fields: Fields) -> Attachment:
    return Attachment(
        remote_id=id_of(fields),
        name=clean(text_of(fields, "name"), _MAX_SHORT_CHARS),
        media_type=clean(text_of(fields, "contentType"), _MAX_SHORT_CHARS).lower(),
        size_bytes=count_of(fields, "size"),
        is_inline=fields.get("isInline") is True,
    )


def _headers(fields: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in list_of(fields, "internetMessageHeaders"):
        name = text_of(one, "name").lower()
        if name in KEPT_HEADERS:
            found.setdefault(name, clean(text_of(one, "value"), _MAX_HEADER_CHARS))
    return found
