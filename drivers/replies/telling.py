"""Tells a log while it comes."""

import codecs
from collections.abc import Callable

from drivers.port import TellLog


def told_as_text(tell_log: TellLog) -> Callable[[bytes], None]:
    """Return what takes a log in pieces of bytes and tells it to `tell_log` as text.

    A character that is cut in two is told once it is whole; what is not UTF-8 is replaced.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def tell(piece: bytes) -> None:
        text = decoder.decode(piece)
        if text:
            tell_log(text)

    return tell
