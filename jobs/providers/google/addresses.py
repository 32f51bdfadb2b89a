"""Reads addresses as they stand in the headers of mail, however broken they are."""

import re
from collections.abc import Iterator

from jobs.providers.encoded_words import MAX_HEADER_CHARS
from jobs.providers.text import clean
from jobs.sync.items import Address

MAX_ADDRESSES = 1000
_MAX_EMAIL_CHARS = 320
_MAX_NAME_CHARS = 500
_MARKS = re.compile(r'[\\"():;]')


def addresses_of(header: str) -> tuple[Address, ...]:
    """Return the addresses of a header in order; what has no `@` is left out.

    The time is linear in the header, of which the first 64 KiB are read, and at most 1,000
    addresses come of it.
    """
    found: list[Address] = []
    header = header[:MAX_HEADER_CHARS]
    for entry in _plain_entries(header) or _entries(header):
        address = _address(entry)
        if address is not None:
            found.append(address)
        if len(found) == MAX_ADDRESSES:
            break
    return tuple(found)


def _plain_entries(text: str) -> list[str]:
    """Return what `_entries` yields where only commas part a header; nothing where more does.

    Nearly all headers are so, and to look at each of their characters takes ten times as long.
    """
    if _MARKS.search(text):
        return []
    entries = text.split(",")
    # A comma within brackets parts nothing.
    is_apart = all(entry.rfind("<") <= entry.rfind(">") for entry in entries)
    return entries if is_apart else []


def _entries(text: str) -> Iterator[str]:
    """Yield what stands between commas, but for those in quotes, brackets and comments."""
    start = depth = 0
    is_quoted = is_angled = is_escaped = False
    for place, char in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif char == "\\":
            is_escaped = True
        elif char == '"' and not depth:
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        elif char in "<>":
            is_angled = char == "<"
        elif char in ",;" and not depth and not is_angled:
            yield text[start:place]
            start = place + 1
        elif char == ":" and not depth and not is_angled:
            start = place + 1  # the name of a group ends here.
    yield text[start:]


def _address(entry: str) -> Address | None:
    before, bracket, inside = entry.rpartition("<")
    if bracket:
        email, name = inside.partition(">")[0], before
    else:
        email, _, comment = entry.partition("(")
        name = comment.rpartition(")")[0]
    email = "".join(email.split()).lower()
    # One that is cut would be another one, and perhaps somebody else's.
    if "@" not in email.strip("@") or len(email) > _MAX_EMAIL_CHARS:
        return None
    plain = " ".join(name.split()).strip("\"'").replace('\\"', '"').strip()
    return Address(clean(plain, _MAX_NAME_CHARS), clean(email))
