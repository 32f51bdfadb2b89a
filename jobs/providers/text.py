"""Text of strangers, made fit to be kept: bounded, and without what databases refuse."""

import re
from html.parser import HTMLParser

from sanderling.kernel.units import MIB

MAX_TEXT_CHARS = 1 * MIB

_UNFIT = re.compile("[\x00\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)+")
_SILENT = frozenset({"script", "style", "head", "title", "template"})
_BREAKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "hr", "pre", "section"}
    | {f"h{level}" for level in range(1, 7)}
)


def clean(text: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return at most `max_chars` of `text`, without NUL and halves of surrogate pairs."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[:max_chars])


def html_text(html: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return what a reader would see of `html`, in at most `max_chars`.

    Only so much is read as could hold that text; it never raises, however broken the page is.
    """
    reader = _Reader()
    reader.feed(html[: 4 * max_chars])
    reader.close()
    spaced = _BLANKS.sub(" ", "".join(reader.pieces))
    lines = _LINES.sub("\n\n", spaced.replace(" \n", "\n").replace("\n ", "\n"))
    return clean(lines.strip(), max_chars)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the library passes them.
        """Begin a line, or what is not shown."""
        if tag in _SILENT and self._silent is None:
            self._silent = tag
        elif tag == "body":
            self._silent = None
        if tag in _BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End them."""
        if tag == self._silent:
            self._silent = None
        if tag in _BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if self._silent is None:
            self.pieces.append(data if not data.isspace() else " ")

    def parse_marked_section(self, i: int, report: int = 1) -> int:  # noqa: ARG002 - as above.
        """Pass over a section such as CDATA."""
        # The library asserts on sections that it does not know; a page may hold anything.
        end = self.rawdata.find(">", i)
        return -1 if end < 0 else end + 1

    def unknown_decl(self, data: str) -> None:
        """Pass over what is declared and not known."""
