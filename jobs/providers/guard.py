"""A message that cannot be read is kept all the same, and holds nobody else up."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from jobs.providers.answer import Fields
from jobs.sync.items import Message

_UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading raises when a stranger has thought of something that we have not."""


def kept(read: Callable[[Fields], Message], fields: Fields, least: Collection[str]) -> Message:
    """Return the message that `read` makes of `fields`, or of their `least` members alone.

    Whoever reads is written not to raise. Should it do so once, one message lacks its content and
    says why in `parse_error`; without this it would end each slice of its account in turn.
    """
    try:
        return read(fields)
    except _UNREADABLE as error:
        told = {name: fields[name] for name in least if name in fields}
        return replace(read(told), parse_error=f"it could not be read ({type(error).__name__})")
