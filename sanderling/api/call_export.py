"""Calls as newline-delimited JSON, sent as fast as they are taken and no faster."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runner.call import CallRecord
from sanderling.api.call_json import record_json
from sanderling.api.taking import Taking

MEDIA_TYPE = "application/x-ndjson"

Pages = AbstractAsyncContextManager[AsyncIterator[tuple[CallRecord, ...]]]


class ExportResponse(Response):
    """One line for each call.

    The server's own buffer is the only one: a page is made when the last one has gone out. A
    reader that goes away, or takes nothing for a minute, ends it, and so does a database that is
    away; the connection then breaks before the last chunk, so that nobody takes it for the end.
    """

    media_type = MEDIA_TYPE

    def __init__(self, pages: Pages) -> None:
        """Send `pages`, entered and left here."""
        super().__init__()
        del self.headers["content-length"]
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature is ASGI's.
        """Send the lines."""
        async with self._pages as pages, Taking(receive, send) as taking:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for page in pages:
                await taking.send(b"".join([record_json(record) + b"\n" for record in page]))
            await send({"type": "http.response.body", "body": b""})
