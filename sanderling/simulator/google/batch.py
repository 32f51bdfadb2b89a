"""Many requests in one: `multipart/mixed`, each part with an answer and a status of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.faults import FaultKind, Faults, Point, strikes
from sanderling.simulator.core.routes import Route, Routes
from sanderling.simulator.core.world import World
from sanderling.simulator.google import errors

_MOST = 100
_AT_ONCE = 50
"""How many parts Google runs at once for one person before it refuses the rest."""
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_OUT = b"batch_simulated"
PATHS = ("/batch/gmail/v1", "/batch/calendar/v3", "/batch")


@dataclass(frozen=True, slots=True)
class _Part:
    content_id: str
    asked: Asked


class Batch:
    """Answer batches of an API's requests.

    Parts beyond 50 are refused with 429 where quota is enforced, as Google does with cold clients.
    """

    def __init__(self, world: World, routes: list[Route]) -> None:
        """Answer parts by these routes."""
        self._world = world
        self._routes = Routes(routes)

    def routes(self) -> list[Route]:
        """Return the routes of batches themselves."""
        return [Route("POST", path, self._answer, Point.BATCH) for path in PATHS]

    def _answer(self, asked: Asked, _: Mapping[str, str]) -> Answer:
        boundary = _BOUNDARY.search(asked.headers.get("content-type", ""))
        if boundary is None:
            return errors.error(400, "badRequest", "Failed to parse batch request, no boundary.")
        parts = _parts(asked, boundary[1].encode())
        if not parts or len(parts) > _MOST:
            message = f"The batch request must contain between 1 and {_MOST} calls."
            return errors.error(400, "badRequest", message)
        answered = [
            (part.content_id, self._part(part.asked, at, asked.fault))
            for at, part in enumerate(parts)
        ]
        answered = _spoiled(answered, asked.fault, self._world.faults)
        body = b"".join(_written(content_id, answer) for content_id, answer in answered)
        content_type = f"multipart/mixed; boundary={_OUT.decode()}"
        return Answer(200, body + b"--" + _OUT + b"--\r\n", {"content-type": content_type})

    def _part(self, asked: Asked, at: int, fault: FaultKind | None) -> Answer:
        world = self._world
        if at >= _AT_ONCE and world.meter.units_per_min is not None:
            message = "Too many concurrent requests for user"
            return errors.error(429, "rateLimitExceeded", message, domain="usageLimits")
        drawn = world.faults.draw_part()
        if at == 0 and fault is not None and strikes(fault, Point.PART):
            drawn = fault
        if drawn is not None:
            return errors.fault_answer(drawn, world.clock.now())
        found = self._routes.find(asked.method, asked.path)
        if found is None:
            return errors.not_found().answer
        route, names = found
        return route.handle(asked, names)


def _parts(outer: Asked, boundary: bytes) -> list[_Part]:
    found: list[_Part] = []
    for piece in outer.body.split(b"--" + boundary)[1:]:
        if piece.startswith(b"--"):
            break
        head, _, inner = piece.replace(b"\r\n", b"\n").strip(b"\n").partition(b"\n\n")
        content_id = _headers(head).get("content-id", "")
        found.append(_Part(content_id, _request(outer, inner)))
    return found


def _request(outer: Asked, text: bytes) -> Asked:
    head, _, body = text.lstrip(b"\n").partition(b"\n\n")
    first, _, rest = head.partition(b"\n")
    method, _, target = first.decode().partition(" ")
    path, _, text_of_query = _below_the_root(target.strip().partition(" ")[0]).partition("?")
    query = _query(text_of_query)
    headers = _headers(rest)
    if "authorization" not in headers and "authorization" in outer.headers:
        headers["authorization"] = outer.headers["authorization"]
    return Asked(method, unquote(path), query, headers, body.strip(b"\n"), outer.base_url)


def _below_the_root(target: str) -> str:
    """Return a target without scheme and host, which parts may have."""
    if target.startswith("/"):
        return target
    return "/" + target.partition("://")[2].partition("/")[2]


@lru_cache(maxsize=256)
def _query(text: str) -> tuple[tuple[str, str], ...]:
    """Return a query; the parts of a batch mostly have the same one."""
    return tuple(parse_qsl(text, keep_blank_values=True))


def _headers(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode("latin-1").split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _spoiled(
    answered: list[tuple[str, Answer]], fault: FaultKind | None, faults: Faults
) -> list[tuple[str, Answer]]:
    match fault:
        case FaultKind.PART_MISSING:
            lost = faults.pick(len(answered))
            return answered[:lost] + answered[lost + 1 :]
        case FaultKind.PART_DUPLICATED:
            return [*answered, answered[faults.pick(len(answered))]]
        case FaultKind.PARTS_SHUFFLED:
            return faults.shuffled(answered)
        case _:
            return answered


def _written(content_id: str, answer: Answer) -> bytes:
    echo = f"<response-{content_id[1:]}" if content_id.startswith("<") else f"response-{content_id}"
    lines = [f"--{_OUT.decode()}", "Content-Type: application/http"]
    if content_id:
        lines.append(f"Content-ID: {echo}")
    lines += ["", f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name.title()}: {value}" for name, value in answer.headers.items()]
    lines += [f"Content-Length: {len(answer.body)}", "", ""]
    return "\r\n".join(lines).encode() + answer.body + b"\r\n"
