"""Reads a page of a list: its items, their ids, and what leads on to the next page.

What a page leaves out is taken for gone once its scan ends, so a page that is not as it must be
is no page: it is asked for again, rather than read as a shorter one.
"""

import re
from collections.abc import Mapping
from typing import cast

from jobs.providers.answer import AnswerOutOfBounds, Fields, text_of
from jobs.sync.bounds import reference, stand_in
from jobs.sync.faults import Temporary

MAX_ITEMS = 10_000
"""Four times the most that is ever asked for at once."""

_ID = re.compile(r"[\x21-\x7e]+")
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_STEPS = {".", ".."}


def id_of(fields: Mapping[str, object], name: str = "id") -> str:
    """Return an id, or what stands for it where it is not fit; empty where there is none.

    A fit one is visible ASCII, and no step of a path: an address that ends in `..` is another one.
    """
    text = text_of(fields, name)
    is_plain = not text or (_ID.fullmatch(text) and text not in _STEPS)
    return reference(text) if is_plain else stand_in(text)


def items_of(fields: Mapping[str, object], name: str) -> list[Fields]:
    """Return the objects of a page's member; none where the page has no such member.

    Raises:
        AnswerOutOfBounds: they are far more than were asked for.
        Temporary: they are something else.

    """
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise Temporary("a page holds something else than a list")
    items = cast("list[object]", value)
    if len(items) > MAX_ITEMS:
        raise AnswerOutOfBounds(f"a page holds more than {MAX_ITEMS} items")
    if not all(isinstance(item, dict) for item in items):
        raise Temporary("a page holds something else than objects")
    return cast("list[Fields]", items)


def token_of(fields: Mapping[str, object], name: str) -> str | None:
    """Return a token or link as it is to be shown again; None where there is none.

    Raises:
        Temporary: it is none that can be shown again.

    """
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise Temporary("a page leads on to nowhere")
    return value


def following_of(fields: Mapping[str, object], name: str, page: str | None) -> str | None:
    """Return what leads on from `page`; None where it is the last.

    Raises:
        Temporary: it cannot be followed, or leads back to `page` for ever.

    """
    following = token_of(fields, name)
    if following is not None and following == page:
        raise Temporary("a page leads on to itself")
    return following
