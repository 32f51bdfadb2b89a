"""Patterns of addresses: which paths an HTTP trigger takes.

A pattern is a `/` and segments with `/` between them. A segment is literal text, `:name` for
exactly one segment, or, at the end alone, `*name` for one segment or more. So there is at most
one way in which a path fits a pattern, it is found in one walk along the path, and no regular
expression is built from what people write.

Paths are compared as they were sent: upper and lower case differ, each segment is percent-decoded
once, and one `/` at the end makes no difference. What different programs read differently is no
path at all here: an empty segment, `.` or `..`, an encoded `/` or a backslash, control characters,
and bytes that are not UTF-8.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from runner.triggers.errors import TriggerRefused

MAX_PATTERN = 256
MAX_SEGMENTS = 16
MAX_PATH_BYTES = 2048
MAX_PATH_SEGMENTS = 64

_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_DOTS = frozenset({".", ".."})
_HEX = frozenset(string.hexdigits)


@dataclass(frozen=True, slots=True)
class Literal:
    """A segment that must be this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """Any one segment, given to the function by this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Rest:
    """All segments that are left, at least one, given with `/` between them."""

    name: str


Segment = Literal | Parameter | Rest


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A pattern that was read."""

    segments: tuple[Segment, ...]

    def match(self, path: tuple[str, ...]) -> Mapping[str, str] | None:
        """Return what the parameters stand for in a path that `read_path` gave; None: no match."""
        found: dict[str, str] = {}
        for at, segment in enumerate(self.segments):
            if at >= len(path):
                return None
            match segment:
                case Literal(text):
                    if path[at] != text:
                        return None
                case Parameter(name):
                    found[name] = path[at]
                case Rest(name):
                    found[name] = "/".join(path[at:])
                    return found
        return found if len(path) == len(self.segments) else None

    def covers(self, other: "RoutePattern") -> bool:
        """Claim that this pattern takes every path that `other` takes."""
        for at, segment in enumerate(self.segments):
            if at >= len(other.segments):
                return False
            theirs = other.segments[at]
            match segment:
                case Literal():
                    if theirs != segment:
                        return False
                case Parameter():
                    if isinstance(theirs, Rest):
                        return False
                case Rest():
                    return True
        return len(self.segments) == len(other.segments)


def read_pattern(text: str) -> RoutePattern:
    """Return the pattern that `text` is.

    Raises:
        TriggerRefused: it is not a pattern, and why.

    """
    if len(text) > MAX_PATTERN:
        raise _refused(f"it has more than {MAX_PATTERN} characters")
    if not text.startswith("/"):
        raise _refused("it starts with /, as in /orders/:id")
    parts = text[1:].split("/")
    if len(parts) > MAX_SEGMENTS:
        raise _refused(f"it has more than {MAX_SEGMENTS} segments")
    segments = tuple(
        _segment(part, is_last=at == len(parts)) for at, part in enumerate(parts, start=1)
    )
    names = [segment.name for segment in segments if not isinstance(segment, Literal)]
    if len(set(names)) < len(names):
        raise _refused("two parameters have the same name")
    return RoutePattern(segments)


def _segment(part: str, *, is_last: bool) -> Segment:
    if not part:
        raise _refused("a segment is empty; write no / at the end and no two in a row")
    if part[0] in ":*":
        if not _NAME.fullmatch(part[1:]):
            raise _refused("a parameter is : or * and a name of letters, digits and _")
        if part[0] == ":":
            return Parameter(part[1:])
        if not is_last:
            raise _refused("a parameter with * stands at the end, for it takes all that is left")
        return Rest(part[1:])
    if part in _DOTS or not _LITERAL.fullmatch(part):
        raise _refused("a segment is letters, digits, - . _ ~ (and not . or .. alone), or :name")
    return Literal(part)


def _refused(reason: str) -> TriggerRefused:
    return TriggerRefused(field="path", reason=reason)


def read_path(raw: bytes) -> tuple[str, ...] | None:
    """Return the decoded segments of a path as it came over the wire; None when it is none.

    `raw` starts with the `/` after which patterns begin, and has no query.
    """
    if len(raw) > MAX_PATH_BYTES or not raw.isascii():
        return None
    text = raw.decode("ascii")
    if not text.startswith("/"):
        return None
    parts = text[1:].removesuffix("/").split("/")
    if len(parts) > MAX_PATH_SEGMENTS:
        return None
    found: list[str] = []
    for part in parts:
        decoded = _decoded(part)
        if decoded is None:
            return None
        found.append(decoded)
    return tuple(found)


def _decoded(part: str) -> str | None:
    """Return a segment in plain text; None for what nobody reads the same way."""
    for escape in part.split("%")[1:]:
        if len(escape) < 2 or not _HEX.issuperset(escape[:2]):  # noqa: PLR2004 - two hex digits.
            return None
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        return None
    if not text or text in _DOTS or "/" in text or "\\" in text:
        return None
    # C0, DEL and C1: they end lines in logs and headers, and strings in C.
    if any(char < " " or "\x7f" <= char <= "\x9f" for char in text):
        return None
    return text
