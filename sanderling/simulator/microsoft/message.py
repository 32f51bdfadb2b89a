"""A mail as Graph's `message` and its files as `fileAttachment`."""

import base64
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sanderling.simulator.core.mail import Correspondent, Letter, Mail, MailFile
from sanderling.simulator.core.world import Person
from sanderling.simulator.microsoft import ids
from sanderling.simulator.microsoft.gate import Ask, Value

_PREVIEW = 255


def message_value(ask: Ask, mail: Mail) -> Value:
    """Return every property of a mail."""
    letter, person = mail.letter, ask.person
    (folder,) = mail.places
    change = change_key(person, "m", mail.number, mail.changed)
    changed_at = letter.sent_at + timedelta(seconds=mail.changed)
    return {
        "@odata.etag": f'W/"{change}"',
        "id": named(ask, mail),
        "createdDateTime": moment(letter.sent_at),
        "lastModifiedDateTime": moment(changed_at),
        "changeKey": change,
        "categories": [],
        "receivedDateTime": moment(letter.sent_at),
        "sentDateTime": moment(letter.sent_at),
        "hasAttachments": any(not file.is_inline for file in letter.files),
        "internetMessageId": letter.rfc_message_id,
        "subject": letter.subject,
        "bodyPreview": letter.text[:_PREVIEW],
        "importance": "normal",
        "parentFolderId": ids.folder_id(person, folder),
        "conversationId": ids.folder_id(person, f"thread-{mail.thread}"),
        "isDeliveryReceiptRequested": False,
        "isReadReceiptRequested": False,
        "isRead": mail.is_read,
        "isDraft": mail.is_draft,
        "webLink": "https://outlook.example/owa/",
        "inferenceClassification": "focused",
        "body": body(ask, letter.text, letter.html),
        "sender": recipient(letter.sender),
        "from": recipient(letter.sender),
        "toRecipients": recipients(letter.to),
        "ccRecipients": recipients(letter.cc),
        "bccRecipients": recipients(letter.bcc),
        "replyTo": recipients(letter.reply_to),
        "flag": {"flagStatus": "notFlagged"},
        # Outlook keeps the headers of what came, and has none for what is still being written.
        "internetMessageHeaders": None if mail.is_draft else _headers(letter),
    }


def named(ask: Ask, mail: Mail) -> str:
    """Return the id of a mail, of the kind that was asked for."""
    (folder,) = mail.places
    is_immutable = ask.prefers("IdType=ImmutableId")
    return ids.message_id(ask.person, mail.number, "" if is_immutable else folder)


def attachment_value(person: Person, mail: Mail, at: int, *, with_bytes: bool) -> Value:
    """Return the properties of one file."""
    file = mail.letter.files[at]
    value: Value = {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "@odata.mediaContentType": file.media_type,
        "id": ids.file_id(person, mail.number, at),
        "lastModifiedDateTime": moment(mail.letter.sent_at),
        "name": file.name,
        "contentType": file.media_type,
        "size": file.size_bytes,
        "isInline": file.is_inline,
        "contentId": _content_id(file),
        "contentLocation": None,
    }
    if with_bytes:
        value["contentBytes"] = base64.b64encode(file.content()).decode()
    return value


def body(ask: Ask, text: str, html: str) -> Value:
    """Return a text, as HTML unless plain text is preferred."""
    if ask.prefers("outlook.body-content-type=text"):
        return {"contentType": "text", "content": text}
    return {"contentType": "html", "content": html or f"<html><body>{text}</body></html>"}


def recipient(who: Correspondent) -> Value:
    """Return somebody with name and address."""
    return {"emailAddress": {"name": who.name or who.email, "address": who.email}}


def recipients(people: Iterable[Correspondent]) -> list[Value]:
    """Return several."""
    return [recipient(who) for who in people]


def change_key(person: Person, kind: str, number: int, changed: int) -> str:
    """Return a word that is another one after each change, and tells no order."""
    text = f"{person.subject}:{kind}:{number}:{changed}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:12]).decode()


def moment(at: datetime) -> str:
    """Return a moment in the form of Edm.DateTimeOffset."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _content_id(file: MailFile) -> str | None:
    return f"{file.name}@simulator.example" if file.is_inline else None


def _headers(letter: Letter) -> list[Value]:
    pairs = [
        ("From", f"{letter.sender.name} <{letter.sender.email}>"),
        ("Subject", letter.subject),
        ("Message-ID", letter.rfc_message_id),
        *letter.headers,
    ]
    return [{"name": name, "value": value} for name, value in pairs]
