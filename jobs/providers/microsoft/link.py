"""Reads the links with which Graph's pages lead on."""

from urllib.parse import urlsplit

from jobs.providers.answer import Fields, text_of
from jobs.sync.faults import Temporary


def links_of(fields: Fields) -> tuple[str | None, str | None]:
    """Return the link to the next page or, on the last one, to what changes from now on.

    They are kept without their host: a token goes to the address that was configured, whatever a
    page says.

    Raises:
        Temporary: there is neither, so it is no whole page.

    """
    following = _path(text_of(fields, "@odata.nextLink"))
    if following:
        return following, None
    delta = _path(text_of(fields, "@odata.deltaLink"))
    if delta:
        return None, delta
    raise Temporary("a page came without the link to what follows")


def next_of(fields: Fields) -> str | None:
    """Return the link to the next page of a list, where there is one."""
    return _path(text_of(fields, "@odata.nextLink")) or None


def _path(link: str) -> str:
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.path.startswith("/") and parts.query else ""
