"""Which handler answers a request."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.faults import Point

Handle = Callable[[Asked, Mapping[str, str]], Answer]
_NAME = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path such as `/users/{user}/messages`, and who answers it."""

    method: str
    path: str
    handle: Handle
    point: Point = Point.ITEM


class Routes:
    """Find the route of a path; of several that match, the first one given."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take the routes."""
        self._by_length: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
        for route in routes:
            pattern = re.compile(_NAME.sub(r"(?P<\1>[^/]+)", re.escape(route.path)))
            self._by_length.setdefault(route.path.count("/"), []).append((pattern, route))

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route with what stands in place of its names."""
        for pattern, route in self._by_length.get(path.count("/"), ()):
            if route.method == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None
