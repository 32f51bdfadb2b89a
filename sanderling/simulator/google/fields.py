"""Partial answers: `fields=messages(id,payload/headers),nextPageToken`."""

import re
from dataclasses import dataclass
from typing import Any, cast

_WORD = re.compile(r"[A-Za-z0-9_$-]+|\*|[(),/]")


class FieldsRefused(ValueError):
    """The text is no list of fields."""


@dataclass(frozen=True, slots=True)
class Mask:
    """Which members stay; a member without a mask of its own stays whole."""

    text: str
    members: "dict[str, Mask | None]"

    def of(self, value: Any) -> Any:
        """Return the value without what was not asked for; lists are looked through."""
        if isinstance(value, list):
            return [self.of(item) for item in cast("Any", value)]
        if not isinstance(value, dict):
            return value
        kept: dict[str, Any] = {}
        for name, member in cast("dict[str, Any]", value).items():
            key = name if name in self.members else "*"
            if key in self.members:
                inner = self.members[key]
                kept[name] = member if inner is None else inner.of(member)
        return kept


def parse_fields(text: str) -> Mask:
    """Return the mask that a text describes.

    Raises:
        FieldsRefused: it describes none.

    """
    words = _WORD.findall(text)
    if "".join(words) != text.replace(" ", ""):
        raise FieldsRefused(text)
    parser = _Parser(words)
    members = parser.members()
    if parser.words:
        raise FieldsRefused(text)
    return Mask(text, members)


class _Parser:
    def __init__(self, words: list[str]) -> None:
        self.words = words

    def members(self) -> dict[str, Mask | None]:
        found: dict[str, Mask | None] = {}
        while True:
            name, inner = self._member()
            before = found.get(name)
            if name in found and before is not None and inner is not None:
                inner = Mask("", {**before.members, **inner.members})
            found[name] = inner
            if self._next() != ",":
                return found
            self.words.pop(0)

    def _member(self) -> tuple[str, Mask | None]:
        if self._next() in {"", "(", ")", ",", "/"}:
            raise FieldsRefused(self._next())
        name = self.words.pop(0)
        if self._next() == "/":
            self.words.pop(0)
            inner, mask = self._member()
            return name, Mask("", {inner: mask})
        if self._next() != "(":
            return name, None
        self.words.pop(0)
        members = self.members()
        if self._next() != ")":
            raise FieldsRefused(name)
        self.words.pop(0)
        return name, Mask("", members)

    def _next(self) -> str:
        return self.words[0] if self.words else ""
