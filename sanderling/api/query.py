"""Query parameters, read strictly: a misspelt one is refused instead of ignored."""

from collections.abc import Collection
from urllib.parse import parse_qsl

from starlette.types import Scope

from sanderling.api.errors import Misfit, RequestInvalid


def read_query(scope: Scope, known: Collection[str]) -> dict[str, str]:
    """Return the parameters by name.

    Raises:
        RequestInvalid: one is not among `known`, or came twice.

    """
    raw: bytes = scope["query_string"]
    if not raw:
        return {}
    found: dict[str, str] = {}
    misfits: list[Misfit] = []
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=32)
    except ValueError:
        raise RequestInvalid([Misfit("query", "", "there are too many parameters")]) from None
    for name, value in pairs:
        if name not in known:
            misfits.append(Misfit("query", name, "there is no such parameter here"))
        elif name in found:
            misfits.append(Misfit("query", name, "it came twice"))
        found[name] = value
    if misfits:
        raise RequestInvalid(misfits)
    return found
