"""Encoded words of headers (RFC 2047), however broken they are."""

import binascii
import re

from jobs.providers.charsets import text_in

MAX_HEADER_CHARS = 64 * 1024

# No part may hold what begins the next one, so that a search never looks twice at a character.
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z-]{0,20})?\?([QqBb])\?([^?]*)\?=")


def decoded_words(header: str) -> str:
    """Return the first 64 KiB of a header with its encoded words decoded, as far as they can be.

    Blanks between two of them are no part of the text. Neighbours of one charset are decoded
    together, since some programs cut in the middle of a character. The time is linear.
    """
    header = header[:MAX_HEADER_CHARS]
    if "=?" not in header:
        return header
    pieces: list[str] = []
    run, charset, end = b"", "", 0
    for word in _WORD.finditer(header):
        between = header[end : word.start()]
        is_neighbour = end > 0 and not between.strip()
        if not is_neighbour or word[1].lower() != charset:
            pieces.append(text_in(run, charset))
            run = b""
        if not is_neighbour:
            pieces.append(between)
        run, charset, end = run + _bytes_of(word), word[1].lower(), word.end()
    return "".join((*pieces, text_in(run, charset), header[end:]))


def _bytes_of(word: re.Match[str]) -> bytes:
    data = word[3].encode("ascii", "replace")
    if word[2] in "qQ":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data.rstrip(b"=") + b"===")
    except binascii.Error:
        return data
