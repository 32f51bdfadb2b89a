"""Reads HTML of strangers in one pass.

The library's parser starts over at each `<` that nothing closes, so that a page of a few megabytes
keeps it busy for hours. Here every search either moves on or ends the page.
"""

import html
import re
from collections.abc import Iterator
from typing import Final

MAX_TAGS: Final = 100_000
"""What follows so many tags is not read; a page of a megabyte of prose has a tenth of them."""

_NAME = re.compile(r"[A-Za-z][^\s/>]{0,40}")
_NEXT = re.compile(r"=\s*([\"'])|>")
_SILENT = ("script", "style", "title", "template")
_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _SILENT}
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_BREAKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "hr", "pre", "section"}
    | {f"h{level}" for level in range(1, 7)}
)


def shown(page: str) -> Iterator[str]:
    """Yield what a reader would see of a page, in pieces, with a line break for each block.

    The time is linear in the page. It never raises, however broken the page is.
    """
    place = 0
    for _ in range(MAX_TAGS):
        start = page.find("<", place)
        if start < 0:
            break
        yield _text(page[place:start])
        is_end = page.startswith("/", start + 1)
        name = _NAME.match(page, start + 1 + is_end)
        if name is None:
            if page[start + 1 : start + 2] not in {"!", "?", "/"}:
                yield "<"
                place = start + 1
                continue
            place = _after_declaration(page, start)
            continue
        tag = name[0].lower()
        place = _after_tag(page, name.end())
        if tag in _BREAKS:
            yield "\n"
        if tag in _ENDS and not is_end:
            place = _after_silence(page, tag, place)
    else:
        return
    yield _text(page[place:])


def _text(written: str) -> str:
    """Return a piece between tags as it is shown."""
    if written.isspace():
        return " "
    if "&" not in written:
        return written
    # The library refuses to read numbers of thousands of digits, and no character has eight.
    return html.unescape(_LONG_NUMBER.sub("\N{REPLACEMENT CHARACTER}", written))


def _after_declaration(page: str, start: int) -> int:
    """Return where a comment, a declaration or an end of nothing is over."""
    if page.startswith("<!--", start):
        return _after(page, "-->", start + 4)
    return _after(page, ">", start)


def _after_tag(page: str, place: int) -> int:
    """Return where a tag is over: at the first `>` that no value of an attribute holds."""
    while True:
        found = _NEXT.search(page, place)
        if found is None:
            return len(page)
        if found[1] is None:
            return found.end()
        place = _after(page, found[1], found.end())


def _after_silence(page: str, tag: str, place: int) -> int:
    end = _ENDS[tag].search(page, place)
    return len(page) if end is None else _after_tag(page, end.end())


def _after(page: str, mark: str, place: int) -> int:
    found = page.find(mark, place)
    return len(page) if found < 0 else found + len(mark)
