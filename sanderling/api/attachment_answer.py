"""An attachment as it goes over HTTP: always a file to keep, never something to show."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from jobs.accounts.attachments import FetchedAttachment
from sanderling.api.attachment_name import disposition
from sanderling.api.taking import Taking
from sanderling.kernel.units import KIB

MEDIA_TYPE: Final = "application/octet-stream"
"""Of every attachment: what a stranger calls it must not decide what a browser does with it."""

GRACE_S: Final = 30.0
LEAST_BYTES_PER_S: Final = 256 * KIB
"""How fast a reader is at least, after the first seconds."""

_CHUNK_BYTES = 256 * KIB

Opened = AbstractAsyncContextManager[FetchedAttachment]


class AttachmentResponse(Response):
    """The bytes of one attachment, sent as fast as they are taken.

    It is held until the last of them has gone out; a reader that goes away, takes nothing for a
    minute, or is slower than `LEAST_BYTES_PER_S` on the whole, ends it.
    """

    media_type = MEDIA_TYPE

    def __init__(self, opened: Opened) -> None:
        """Send what `opened` yields, entered and left here."""
        super().__init__()
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the signature is ASGI's.
        """Send the bytes."""
        async with self._opened as found, Taking(receive, send) as taking:
            content = memoryview(found.content)
            allowed_s = GRACE_S + len(content) / LEAST_BYTES_PER_S
            self.headers["content-length"] = str(len(content))
            self.headers["content-disposition"] = disposition(found.attachment.name)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            try:
                async with asyncio.timeout(allowed_s):
                    for start in range(0, len(content), _CHUNK_BYTES):
                        await taking.send(bytes(content[start : start + _CHUNK_BYTES]))
                    await send({"type": "http.response.body", "body": b""})
            except TimeoutError:
                # Others wait for the place that a slow reader holds.
                raise ClientDisconnect from None
