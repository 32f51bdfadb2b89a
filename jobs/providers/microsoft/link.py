"""Reads the links with which Graph's pages lead on."""

from urllib.parse import urlsplit

from jobs.providers.answer import Fields
from jobs.providers.page import items_of, token_of
from jobs.sync.faults import Temporary


def values_of(fields: Fields) -> list[Fields]:
    """Return the items of a page; each page has some, or says that there are none.

    Raises:
        Temporary: it says nothing of the kind, so it is no page.

    """
    if "value" not in fields:
        raise Temporary("a page came without its items")
    return items_of(fields, "value")


def links_of(fields: Fields, page: str) -> tuple[str | None, str | None]:
    """Return the link to the next page or, on the last one, to what changes from now on.

    They are kept without their host: a token goes to the address that was configured, whatever a
    page says.

    Raises:
        Temporary: there is neither, so it is no whole page, or it leads back to `page` for ever.

    """
    following = next_of(fields, page)
    if following is not None:
        return following, None
    delta = token_of(fields, "@odata.deltaLink")
    if delta is None:
        raise Temporary("a page came without the link to what follows")
    return None, _path(delta)


def next_of(fields: Fields, page: str) -> str | None:
    """Return the link to the page after `page` of a list, where there is one.

    Raises:
        Temporary: it cannot be followed, or leads back to `page` for ever.

    """
    link = token_of(fields, "@odata.nextLink")
    following = None if link is None else _path(link)
    if following == page:
        raise Temporary("a page leads on to itself")
    return following


def _path(link: str) -> str:
    try:
        parts = urlsplit(link)
    except ValueError:
        raise Temporary("a page leads on to nowhere") from None
    if not parts.path.startswith("/") or not parts.query:
        raise Temporary("a page leads on to nowhere")
    return f"{parts.path}?{parts.query}"
