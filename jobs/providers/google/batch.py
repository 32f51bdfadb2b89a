"""Many requests to Gmail in one, as multipart/mixed, and their answers."""

import re
from collections.abc import Mapping, Sequence

from jobs.providers.answer import Answer
from jobs.sync.faults import Temporary

BOUNDARY = "sanderling-batch"
"""Parts are requests without a body, so no line of theirs can be this."""

CONTENT_TYPE = f"multipart/mixed; boundary={BOUNDARY}"

_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_ID = re.compile(r"<(?:response-)?item-(\d{1,4})>")
_MOST_PIECES = 4
"""How often a part may come before the rest of an answer is left unread."""
_STATUS = re.compile(rb"HTTP/[\d.]+ (\d{3})")


def batch_body(paths: Sequence[str]) -> bytes:
    """Return the body that asks for all these paths, numbered in their order."""
    parts = [
        f"--{BOUNDARY}\r\n"
        "Content-Type: application/http\r\n"
        f"Content-ID: <item-{number}>\r\n"
        "\r\n"
        f"GET {path}\r\n"
        "\r\n"
        for number, path in enumerate(paths)
    ]
    return "".join([*parts, f"--{BOUNDARY}--\r\n"]).encode("ascii")


def batch_answers(answer: Answer, count: int) -> dict[int, Answer]:
    """Return the answers of a batch of `count` requests by their numbers.

    One that is missing or damaged is left out. Where no part is numbered and none is missing they
    stand in order.

    Raises:
        Temporary: it is no answer to a batch.

    """
    told = _BOUNDARY.search(answer.headers.get("content-type", ""))
    if told is None:
        raise Temporary("the answer to a batch has no parts")
    boundary = b"--" + (told[1] or told[2]).encode("latin-1", "replace")
    # What follows the last boundary that came was cut off, unless it is the end.
    most = _MOST_PIECES * (count + 1)
    pieces = (b"\r\n" + answer.body).split(b"\r\n" + boundary, most)[1:-1]
    parts = [_part(piece) for piece in pieces]
    numbered = {number: part for number, part in parts if number is not None and part is not None}
    if not numbered and len(parts) == count:
        numbered = {place: part for place, (_, part) in enumerate(parts) if part is not None}
    return {number: part for number, part in numbered.items() if number < count}


def _part(piece: bytes) -> tuple[int | None, Answer | None]:
    outer, _, inner = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
    told = _ID.search(_headers(outer).get("content-id", ""))
    number = int(told[1]) if told else None
    head, blank, body = inner.lstrip(b"\r\n").partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    if status is None or not blank:
        return number, None
    return number, Answer(int(status[1]), _headers(head.partition(b"\r\n")[2]), body)


def _headers(lines: bytes) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in lines.decode("latin-1").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
