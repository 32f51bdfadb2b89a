"""A simulated provider in a process of its own, which renders each answer once.

`python -m bench.provider_server KIND ITEMS --port PORT` plays one account. Nothing changes in it,
so a request that comes again is answered with the bytes of the first time: what a benchmark
measures after one look at everything is its own work, and not the simulator's.
"""

import argparse
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import uvicorn

from bench.simulated import ACCOUNTS, Simulated

COUNTS_PATH: Final = "/bench/counts"
"""Where the account's token is told, its least units, and how many were counted."""

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Rendered:
    """The messages of an answer, and the units that it costs each time."""

    messages: list[_Message]
    units: int


class RenderedOnce:
    """Serve an account over ASGI, from what was answered before where it can."""

    def __init__(self, account: Simulated) -> None:
        """Serve `account`, in which nothing changes any more."""
        self._account = account
        self._site = account.site()
        self._rendered: dict[tuple[object, ...], _Rendered] = {}
        self._units = 0

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        body = await _body(receive)
        if scope["path"] == COUNTS_PATH:
            messages = self._counts()
        else:
            rendered = await self._render(scope, body)
            self._units += rendered.units
            messages = rendered.messages
        for message in messages:
            await send(message)

    async def _render(self, scope: _Message, body: bytes) -> _Rendered:
        # Of the headers these alone say how an answer is written.
        told = sorted(each for each in scope["headers"] if each[0] in (b"prefer", b"content-type"))
        asked = (scope["method"], scope["path"], scope["query_string"], *told, body)
        if asked not in self._rendered:
            units = self._account.units()
            messages = await _answer(self._site, scope, body)
            self._rendered[asked] = _Rendered(messages, self._account.units() - units)
        return self._rendered[asked]

    def _counts(self) -> list[_Message]:
        account = self._account
        counts = {
            "token": account.token,
            "units": self._units,
            "least_units": account.least_units(),
        }
        body = json.dumps(counts).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        return [
            {"type": "http.response.start", "status": 200, "headers": headers},
            {"type": "http.response.body", "body": body},
        ]


async def _body(receive: _Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _answer(
    site: Callable[[_Message, _Receive, _Send], Awaitable[None]], scope: _Message, body: bytes
) -> list[_Message]:
    messages: list[_Message] = []

    async def receive() -> _Message:
        return {"type": "http.request", "body": body}

    async def send(message: _Message) -> None:
        messages.append(message)

    await site(scope, receive, send)
    return messages


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=sorted(ACCOUNTS))
    parser.add_argument("items", type=int)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    uvicorn.run(
        RenderedOnce(ACCOUNTS[asked.kind](asked.items)),
        host="127.0.0.1",
        port=asked.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
