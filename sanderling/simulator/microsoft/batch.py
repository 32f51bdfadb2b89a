"""JSON batches: up to twenty requests in one, answered in any order."""

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from sanderling.simulator.core.exchange import Answer, Asked, json_answer
from sanderling.simulator.core.faults import FaultKind, Point, strikes
from sanderling.simulator.core.routes import Route, Routes
from sanderling.simulator.core.world import World
from sanderling.simulator.microsoft import errors
from sanderling.simulator.microsoft.gate import V1, Value

_MOST = 20


class Batch:
    """Answer batches of one world."""

    def __init__(self, world: World, routes: list[Route]) -> None:
        """Answer parts by these routes."""
        self._world = world
        self._routes = Routes(routes)

    def routes(self) -> list[Route]:
        """Return the route of batches themselves."""
        return [Route("POST", f"{V1}/$batch", self._answer, Point.BATCH)]

    def _answer(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        if self._world.oauth.grant(asked.bearer) is None:
            return errors.unauthorized()
        parts = _parts(asked)
        if not parts:
            return errors.error(400, "BadRequest", "Invalid batch payload format.")
        if len(parts) > _MOST:
            message = f"Number of batch request steps exceeds the maximum value of {_MOST}."
            return errors.error(400, "BadRequest", message)
        named = [part.get("id") for part in parts]
        if len(set(named)) != len(parts) or not all(isinstance(name, str) for name in named):
            return errors.error(400, "BadRequest", "Each request has an id of its own.")
        answered = [
            _written(part["id"], self._part(asked, part, at)) for at, part in enumerate(parts)
        ]
        return json_answer({"responses": self._spoiled(answered, asked.fault)})

    def _part(self, outer: Asked, part: dict[str, Any], at: int) -> Answer:
        faults = self._world.faults
        drawn = faults.draw_part()
        if at == 0 and outer.fault is not None and strikes(outer.fault, Point.PART):
            drawn = outer.fault
        if drawn is not None:
            return errors.fault_answer(drawn, self._world.clock.now())
        url = urlsplit(str(part.get("url", "")))
        told = cast("dict[str, object]", part.get("headers") or {})
        headers = {name.lower(): str(value) for name, value in told.items()}
        headers.setdefault("authorization", outer.headers.get("authorization", ""))
        path = f"{V1}/{unquote(url.path).lstrip('/')}"
        query = tuple(parse_qsl(url.query, keep_blank_values=True))
        asked = Asked(str(part.get("method", "")), path, query, headers, b"", outer.base_url)
        found = self._routes.find(asked.method, asked.path)
        if found is None:
            return errors.error(400, "BadRequest", "Resource not found for the segment.")
        route, names = found
        return route.handle(asked, names)

    def _spoiled(self, answered: list[Value], fault: FaultKind | None) -> list[Value]:
        """Return the answers out of order, which Graph promises to nobody."""
        faults = self._world.faults
        mixed: list[Value] = faults.shuffled(answered)
        match fault:
            case FaultKind.PART_MISSING:
                mixed.pop(faults.pick(len(mixed)))
            case FaultKind.PART_DUPLICATED:
                mixed.append(mixed[faults.pick(len(mixed))])
            case _:
                pass
        return mixed


def _parts(asked: Asked) -> list[dict[str, Any]]:
    """Return the requests of a batch; nothing where it has not the form of one."""
    given: Any = asked.json()
    if not isinstance(given, dict):
        return []
    parts: object = cast("dict[str, object]", given).get("requests")
    if not isinstance(parts, list):
        return []
    several = cast("list[object]", parts)
    return [cast("dict[str, Any]", part) for part in several if isinstance(part, dict)]


def _written(name: str, answer: Answer) -> Value:
    return {
        "id": name,
        "status": answer.status,
        "headers": {key.title(): value for key, value in answer.headers.items()},
        "body": json.loads(answer.body) if answer.body else None,
    }
