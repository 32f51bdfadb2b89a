"""Messages and batches as Gmail writes them."""

import base64
import json
from collections.abc import Mapping, Sequence

import httpx2

Fields = dict[str, object]


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def leaf(media_type: str, data: bytes, **more: object) -> Fields:
    """Return a part that holds `data`."""
    return {"mimeType": media_type, "body": {"data": encoded(data), "size": len(data)}, **more}


def headers(**values: str) -> list[dict[str, str]]:
    """Return headers; underscores in names stand for hyphens."""
    return [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]


def message(message_id: str = "m1", **more: object) -> Fields:
    """Return a short message."""
    return {
        "id": message_id,
        "threadId": "t1",
        "labelIds": ["INBOX", "UNREAD"],
        "historyId": "77",
        "internalDate": "1767225600000",
        "payload": leaf("text/plain", b"Hello", headers=headers(Subject="Hi", From="a@b.example")),
        **more,
    }


def error(code: int, reason: str) -> Fields:
    """Return the body of a refusal."""
    return {"error": {"code": code, "message": "secret words", "errors": [{"reason": reason}]}}


def batch(
    parts: Mapping[int, tuple[int, object]] | Sequence[tuple[int, object]],
) -> httpx2.Response:
    """Return the answer to a batch; parts of a sequence come without their numbers."""
    if isinstance(parts, Mapping):
        pieces = [
            f"Content-ID: <response-item-{number}>\r\n" + _part(*part)
            for number, part in parts.items()
        ]
    else:
        pieces = [_part(*part) for part in parts]
    body = "".join(f"--b1\r\nContent-Type: application/http\r\n{piece}" for piece in pieces)
    return httpx2.Response(
        200,
        headers={"content-type": 'multipart/mixed; boundary="b1"'},
        content=f"{body}--b1--\r\n".encode(),
    )


def _part(status: int, value: object) -> str:
    body = value if isinstance(value, str) else json.dumps(value)
    return f"\r\nHTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{body}\r\n"
