"""Which methods an address takes, from the OpenAPI document."""

import re
from functools import cache

from starlette.routing import compile_path

from sanderling.api.openapi_document import build_openapi


@cache
def _routes() -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    return tuple(
        (compile_path(path)[0], frozenset(method.upper() for method in operations))
        for path, operations in build_openapi()["paths"].items()
    )


def allowed_methods(path: str) -> list[str]:
    """Return the methods that some route takes at `path`, in order; `HEAD` goes with `GET`."""
    found: set[str] = set()
    for pattern, methods in _routes():
        if pattern.match(path):
            found |= methods
    if "GET" in found:
        found.add("HEAD")
    return sorted(found)
