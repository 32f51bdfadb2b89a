"""Carries requests of an httpx2 client to sites in the same process, without any socket."""

from collections.abc import AsyncIterator, Mapping

import httpx2

from sanderling.simulator.core.exchange import Answer, Asked, Manner
from sanderling.simulator.core.site import Site, pieces
from sanderling.simulator.core.world import World


class InProcess(httpx2.AsyncBaseTransport):
    """Answer for the sites by their host names, such as `gmail.test`.

    Whoever asks for another host gets `httpx2.ConnectError`; a broken connection is
    `httpx2.ReadError`, as it is over a socket.
    """

    def __init__(self, sites: Mapping[str, Site]) -> None:
        """Take the sites by host."""
        self._sites = sites

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer of the site."""
        site = self._sites.get(request.url.host)
        if site is None:
            raise httpx2.ConnectError("no such host in this process", request=request)
        body = await request.aread()
        answer = await site.serve(_asked(request, body))
        if answer.manner is Manner.RESET:
            raise httpx2.ReadError("the connection was reset", request=request)
        if answer.manner is Manner.DRIP:
            return httpx2.Response(
                answer.status, headers=dict(answer.headers), stream=_Drip(site.world, answer)
            )
        return httpx2.Response(answer.status, headers=dict(answer.headers), content=answer.body)


class _Drip(httpx2.AsyncByteStream):
    def __init__(self, world: World, answer: Answer) -> None:
        self._world = world
        self._pieces = pieces(answer.body)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            await self._world.clock.wait_s(self._world.drip_s / len(self._pieces))
            yield piece


def _asked(request: httpx2.Request, body: bytes) -> Asked:
    url = request.url
    return Asked(
        request.method,
        url.path,
        tuple(url.params.multi_items()),
        dict(request.headers.items()),
        body,
        f"{url.scheme}://{url.netloc.decode()}",
    )
