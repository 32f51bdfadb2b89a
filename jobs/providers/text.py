"""Text of strangers, made fit to be kept: bounded, and without what databases refuse."""

import re

from jobs.providers.markup import shown
from sanderling.kernel.units import MIB

MAX_TEXT_CHARS = 1 * MIB

_UNFIT = re.compile("[\x00\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r" ?\n ?(?:\n ?)+")


def clean(text: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return at most `max_chars` of `text`, without NUL and halves of surrogate pairs."""
    text = text[:max_chars]
    # Most text is fit, and to see that takes no search: UTF-8 has no form for halves of pairs.
    if "\0" not in text and (text.isascii() or _is_encodable(text)):
        return text
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def html_text(html: str, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Return what a reader would see of `html`, in at most `max_chars`.

    Only so much is read as could hold that text, in time linear in it; it never raises, however
    broken the page is.
    """
    spaced = _BLANKS.sub(" ", "".join(shown(html[: 4 * max_chars])))
    lines = _LINES.sub("\n\n", spaced.replace(" \n", "\n").replace("\n ", "\n"))
    return clean(lines.strip(), max_chars)
