"""Text of strangers, made safe to show on a terminal."""

import json
import unicodedata

_KEPT = "\n\t"
# Control, format (bidirectional overrides among them), surrogate and line separators: what could
# move the cursor, recolour, or reorder what stands around it.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """Return `text` with every character that could steer a terminal written as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _HIDDEN
        else _escape(character)
        for character in text
    )


def visible_json(document: str) -> str:
    """Return a JSON document with the same characters written as JSON's own escapes.

    JSON itself asks for that below a blank only; a terminal also obeys some above.
    """
    if document.isascii() and "\x7f" not in document:
        return document
    return "".join(
        character
        if character in _KEPT or unicodedata.category(character) not in _HIDDEN
        else json.dumps(character)[1:-1]
        for character in document
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
