"""What befalls the requests of a process that syncs: edits by others, its end, and a successor."""

import re
from collections.abc import Awaitable, Callable
from random import Random

import httpx2

from support.remote import Killed

PAGE_SIZE = "3"
_MOST_ON_A_PAGE = re.compile(r"odata\.maxpagesize=\d+")


class Storm(httpx2.AsyncBaseTransport):
    """Carry requests through whatever weather there is.

    Providers decide how much they put on a page; here it is little, so that rounds have several.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        """Be calm."""
        self._inner = inner
        self.requests = 0
        self.usurp: Callable[[], Awaitable[object]] | None = None
        self.edit: Callable[[Random], object] = lambda _: None
        self.calm()

    def calm(self) -> None:
        """Let nothing happen from now on."""
        self.random = Random(0)  # noqa: S311 - tests are to be repeatable.
        self.edits = 0.0
        self.kill_at = 0
        self.usurp_at = 0
        self.requests = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, unless the process ends with it."""
        self.requests += 1
        number = self.requests
        self._change(self.edits)
        if number == self.usurp_at and self.usurp is not None:
            await self.usurp()
        answer = await self._inner.handle_async_request(_small(request))
        if number == self.kill_at:
            raise Killed
        # What the answer tells may be old before it is taken in.
        self._change(self.edits / 2)
        return answer

    def _change(self, chance: float) -> None:
        if self.random.random() < chance:
            self.edit(self.random)


def _small(request: httpx2.Request) -> httpx2.Request:
    """Return a request for a page, with room for little."""
    url, headers = request.url, request.headers.copy()
    for name in ("maxResults",):
        if name in url.params:
            url = url.copy_set_param(name, PAGE_SIZE)
    if "prefer" in headers:
        headers["prefer"] = _MOST_ON_A_PAGE.sub(f"odata.maxpagesize={PAGE_SIZE}", headers["prefer"])
    return httpx2.Request(request.method, url, headers=headers, content=request.read())
