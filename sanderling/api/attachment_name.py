"""How an attachment is asked for, and how its name goes over HTTP (RFC 6266)."""

import re
from typing import Final
from urllib.parse import quote, unquote

from jobs.accounts.file_name import NAMELESS, file_name

MAX_NUMBER: Final = 1000
"""No message is kept with more attachments than that."""

_NAME = re.compile(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)")
_PLAIN = re.compile(r"[^A-Za-z0-9 ._-]")


def disposition(name: str) -> str:
    """Return the header that has a file kept under its name."""
    safe = file_name(name)
    plain = _PLAIN.sub("_", safe)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def name_in(header: str) -> str:
    """Return the name in such a header, fit to keep a file under, whoever wrote it."""
    found = _NAME.search(header)
    return file_name(unquote(found[1], errors="replace")) if found else NAMELESS
