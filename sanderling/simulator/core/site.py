"""One provider's web site: it finds the handler, and lets go wrong what has to."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from sanderling.simulator.core.door import Door
from sanderling.simulator.core.exchange import RESET, Answer, Asked, Manner, html_answer
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.routes import Route, Routes
from sanderling.simulator.core.world import World

Message = MutableMapping[str, Any]
_PIECES = 8
_PROXY_PAGE = "<html><head><title>Sign in</title></head><body>One moment, please.</body></html>"


@dataclass(frozen=True, slots=True)
class Voice:
    """How a provider words what is not about one of its resources."""

    fault: Callable[[FaultKind, datetime], Answer]
    """The answer to a fault with a status of its own."""
    unknown_path: Callable[[Asked], Answer]


class Site:
    """Answer requests of one provider, over ASGI or by `answer`.

    `on_served` is told of every request with its answer, before the asker is; what it changes in
    the world happens between two requests.
    """

    def __init__(self, world: World, routes: Iterable[Route], voice: Voice) -> None:
        """Serve these routes and the control door."""
        self.world = world
        self.on_served: Callable[[Asked, Answer], object] | None = None
        self._voice = voice
        self._routes = Routes([*Door(world).routes(), *routes])

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to one request; waiting is left to whoever carries it.

        What asks somebody else first is not done: only `serve` does.
        """
        answer, fault = self._handled(asked)
        return self._finished(asked, answer, fault)

    def _handled(self, asked: Asked) -> tuple[Answer, FaultKind | None]:
        found = self._routes.find(asked.method, asked.path)
        if found is None:
            return self._voice.unknown_path(asked), None
        route, names = found
        fault = self.world.faults.draw(route.point)
        before = self._before(fault, asked)
        asked = replace(asked, fault=fault) if fault else asked
        return before or route.handle(asked, names), fault

    def _finished(self, asked: Asked, answer: Answer, fault: FaultKind | None) -> Answer:
        if fault is not None:
            answer = _after(fault, answer)
        if self.on_served is not None:
            self.on_served(asked, answer)
        return answer

    async def serve(self, asked: Asked) -> Answer:
        """Return the answer after the time that every answer takes."""
        world = self.world
        world.present[asked.bearer] += 1
        try:
            if world.latency_s:
                await world.clock.wait_s(world.latency_s)
            answer, fault = self._handled(asked)
            if answer.awaiting is not None:
                answer = await answer.awaiting()
            return self._finished(asked, answer, fault)
        finally:
            world.present[asked.bearer] -= 1

    def _before(self, fault: FaultKind | None, asked: Asked) -> Answer | None:
        """Return the answer of what never gets to its handler."""
        if fault is FaultKind.RESET_BEFORE:
            return RESET
        if fault is FaultKind.HTML:
            return html_answer(_PROXY_PAGE)
        if fault is FaultKind.UNAUTHORIZED:
            self.world.oauth.void(asked.bearer)
        elif fault is FaultKind.CURSOR_EXPIRED:
            self.world.expire_cursors()
        elif fault is not None and fault not in _PLAYED:
            return self._voice.fault(fault, self.world.clock.now())
        return None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve as an ASGI application."""
        asked = await _asked(scope, receive)
        answer = await self.serve(asked)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        is_reset = answer.manner is Manner.RESET
        # A server closes the connection of whoever promises more than is sent, and ASGI has no
        # other way to say so.
        length = len(answer.body) + is_reset
        headers.append((b"content-length", str(length).encode()))
        await send(
            {"type": "http.response.start", "status": answer.status or 502, "headers": headers}
        )
        if not is_reset:
            await self._send_body(answer, send)

    async def _send_body(self, answer: Answer, send: Callable[[Message], Awaitable[None]]) -> None:
        if answer.manner is Manner.DRIP:
            for piece in pieces(answer.body):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await self.world.clock.wait_s(self.world.drip_s / _PIECES)
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": answer.body})


_PLAYED = {
    *(FaultKind.RESET_AFTER, FaultKind.TRUNCATED, FaultKind.DRIP, FaultKind.INVALID_GRANT),
    *(FaultKind.PART_404, FaultKind.PART_429, FaultKind.PART_500, FaultKind.PART_MISSING),
    *(FaultKind.PART_DUPLICATED, FaultKind.PARTS_SHUFFLED),
    *(FaultKind.PAGE_DUPLICATE, FaultKind.PAGE_EMPTY),
}
"""What the handler or `_after` plays."""


def pieces(body: bytes) -> list[bytes]:
    """Return a body in the pieces in which it drips."""
    size = len(body) // _PIECES + 1
    return [body[start : start + size] for start in range(0, len(body), size)]


def _after(fault: FaultKind, answer: Answer) -> Answer:
    match fault:
        case FaultKind.RESET_AFTER:
            return RESET
        case FaultKind.TRUNCATED:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case FaultKind.DRIP:
            return replace(answer, manner=Manner.DRIP)
        case _:
            return answer


async def _asked(scope: Message, receive: Callable[[], Awaitable[Message]]) -> Asked:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    base_url = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
    return Asked(scope["method"], scope["path"], tuple(query), headers, bytes(body), base_url)
