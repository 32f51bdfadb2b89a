"""Sends what is long to a reader, as fast as it is taken, and notes when the reader is gone."""

import asyncio
from types import TracebackType
from typing import Final, Self

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

STALL_S: Final = 60.0
"""How long a reader may take nothing before it counts as gone."""


class Taking:
    """One reader of one answer, watched for as long as the block lasts."""

    def __init__(self, receive: Receive, send: Send) -> None:
        """Send over `send`, and hear over `receive` when the reader goes."""
        self._receive = receive
        self._send = send

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        self._gone = asyncio.create_task(self._wait_gone(), name="taking")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Watch no longer."""
        self._gone.cancel()

    async def send(self, body: bytes) -> None:
        """Send a part of the body, which is not the last.

        Raises:
            ClientDisconnect: the reader went away, or took nothing for a minute.

        """
        try:
            async with asyncio.timeout(STALL_S):
                await self._send({"type": "http.response.body", "body": body, "more_body": True})
        except TimeoutError:
            raise ClientDisconnect from None
        if self._gone.done():
            raise ClientDisconnect

    async def _wait_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
