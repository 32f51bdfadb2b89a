"""A message as Gmail's JSON, in each of its formats."""

import base64
import html
from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from sanderling.simulator.core.exchange import encoded
from sanderling.simulator.core.mail import Correspondent, Letter, Mail
from sanderling.simulator.google.fields import Mask
from sanderling.simulator.google.gmail_ids import history_id, labels_of, message_id

FORMATS = ("full", "metadata", "minimal", "raw")
_SNIPPET = 120
_MOST_CACHED = 200_000
Part = dict[str, Any]


class Renderer:
    """Turn messages into JSON; what was asked for before, and has not changed, is kept."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._cache: dict[tuple[object, ...], bytes] = {}

    def json(
        self, email: str, mail: Mail, form: str, headers: tuple[str, ...], mask: Mask | None
    ) -> bytes:
        """Return a message of this person in a format, with the fields of the mask."""
        key = (email, mail.number, mail.changed, form, headers, mask.text if mask else "")
        found = self._cache.get(key)
        if found is None:
            value = message_json(mail, form, headers)
            found = encoded(mask.of(value) if mask else value)
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[key] = found
        return found


def message_json(mail: Mail, form: str = "full", headers: tuple[str, ...] = ()) -> Part:
    """Return a message in a format; `headers` are those wanted of the metadata, none means all."""
    letter = mail.letter
    value: Part = {
        "id": message_id(mail.number),
        "threadId": message_id(mail.thread),
        "labelIds": sorted(labels_of(mail)),
        "snippet": html.escape(" ".join(letter.text.split())[:_SNIPPET], quote=False),
        "historyId": str(history_id(mail.changed)),
        "internalDate": str(int(letter.sent_at.timestamp() * 1000)),
        "sizeEstimate": _size(letter),
    }
    if form == "raw":
        value["raw"] = _base64(_rfc822(letter))
    elif form == "full":
        value["payload"] = _payload(mail)
    elif form == "metadata":
        wanted = {name.lower() for name in headers}
        kept = [
            header for header in _headers(letter) if not wanted or header["name"].lower() in wanted
        ]
        value["payload"] = {"mimeType": _content_type(letter).partition(";")[0], "headers": kept}
    return value


def attachment_id(mail: Mail, index: int) -> str:
    """Return the id of the n-th file of a message."""
    return _base64(f"ANGjdJ:{mail.number}:{index}".encode()).rstrip("=")


def attachment_index(mail: Mail, wanted: str) -> int | None:
    """Return which file of a message has this id."""
    ids = (attachment_id(mail, index) for index in range(len(mail.letter.files)))
    return next((index for index, found in enumerate(ids) if found == wanted), None)


def attachment_json(mail: Mail, index: int) -> Part:
    """Return the content of a file."""
    content = mail.letter.files[index].content()
    return {"size": len(content), "data": _base64(content)}


def _payload(mail: Mail) -> Part:
    letter = mail.letter
    body = _body(letter, "0" if letter.files else "")
    if letter.files:
        files = (
            {
                "partId": str(index + 1),
                "mimeType": file.media_type,
                "filename": file.name,
                "headers": [
                    _header("Content-Type", f'{file.media_type}; name="{file.name}"'),
                    _header("Content-Transfer-Encoding", "base64"),
                    _header(
                        "Content-Disposition",
                        f'{"inline" if file.is_inline else "attachment"}; filename="{file.name}"',
                    ),
                ],
                "body": {"attachmentId": attachment_id(mail, index), "size": file.size_bytes},
            }
            for index, file in enumerate(letter.files)
        )
        body = {
            "partId": "",
            "mimeType": "multipart/mixed",
            "filename": "",
            "body": {"size": 0},
            "parts": [body, *files],
        }
    return {**body, "headers": _headers(letter)}


def _body(letter: Letter, part_id: str) -> Part:
    plain = _text("plain", letter.text, part_id)
    if not letter.html:
        return plain
    below = f"{part_id}." if part_id else ""
    return {
        "partId": part_id,
        "mimeType": "multipart/alternative",
        "filename": "",
        "headers": [_header("Content-Type", 'multipart/alternative; boundary="alt"')],
        "body": {"size": 0},
        "parts": [
            _text("plain", letter.text, f"{below}0"),
            _text("html", letter.html, f"{below}1"),
        ],
    }


def _text(kind: str, text: str, part_id: str) -> Part:
    data = text.encode()
    return {
        "partId": part_id,
        "mimeType": f"text/{kind}",
        "filename": "",
        "headers": [
            _header("Content-Type", f'text/{kind}; charset="UTF-8"'),
            _header("Content-Transfer-Encoding", "quoted-printable"),
        ],
        "body": {"size": len(data), "data": _base64(data)},
    }


def _headers(letter: Letter) -> list[dict[str, str]]:
    found = [
        _header("MIME-Version", "1.0"),
        _header("Date", format_datetime(letter.sent_at)),
        _header("Message-ID", letter.rfc_message_id),
        _header("Subject", letter.subject),
        _header("From", _people([letter.sender])),
        _header("To", _people(letter.to)),
    ]
    several = (("Cc", letter.cc), ("Bcc", letter.bcc), ("Reply-To", letter.reply_to))
    found += [_header(name, _people(people)) for name, people in several if people]
    found += [_header(name, value) for name, value in letter.headers]
    return [*found, _header("Content-Type", _content_type(letter))]


def _content_type(letter: Letter) -> str:
    if letter.files:
        return 'multipart/mixed; boundary="mixed"'
    if letter.html:
        return 'multipart/alternative; boundary="alt"'
    return 'text/plain; charset="UTF-8"'


def _people(people: Iterable[Correspondent]) -> str:
    return ", ".join(f"{who.name} <{who.email}>" if who.name else who.email for who in people)


def _header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _size(letter: Letter) -> int:
    texts = len(letter.text.encode()) + len(letter.html.encode())
    return 600 + texts + sum(file.size_bytes for file in letter.files)


def _rfc822(letter: Letter) -> bytes:
    message = EmailMessage(policy=SMTP)
    for header in _headers(letter):
        if header["name"] not in {"MIME-Version", "Content-Type"}:
            message[header["name"]] = header["value"]
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for file in letter.files:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.content(), maintype=main, subtype=sub, filename=file.name)
    return message.as_bytes()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
