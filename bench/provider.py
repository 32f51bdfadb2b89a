"""The way to a simulated provider in another process, and what is counted along it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bench.provider_server import COUNTS_PATH
from bench.served import Server
from bench.simulated import Brand
from jobs.providers.http import Lane, open_client
from jobs.providers.quota import MemoryQuota
from sanderling.kernel.clock import SystemClock


class Tally(httpx2.AsyncBaseTransport):
    """Counts requests."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        """Carry requests over `transport`."""
        self._transport = transport
        self.requests = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, and count it."""
        self.requests += 1
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._transport.aclose()


@dataclass(frozen=True, slots=True)
class OneToken:
    """Lets everybody in with the same token, which lasts for as long as a benchmark."""

    token: str

    async def access_token(self, account_id: str) -> str:  # noqa: ARG002 - it is everybody's.
        """Return it."""
        return self.token

    async def refresh(self, account_id: str, stale: str) -> str:  # noqa: ARG002 - as above.
        """Return it again."""
        return self.token


@dataclass(frozen=True, slots=True)
class Provider:
    """One account, served by a process of its own."""

    brand: Brand
    client: httpx2.AsyncClient
    control: httpx2.AsyncClient
    tally: Tally
    token: str
    least_units: int
    clock: SystemClock

    def lane(self) -> Lane:
        """Return the way to it that our adapters take."""
        return Lane(
            self.client, OneToken(self.token), MemoryQuota(), self.clock, self.brand.fault_of
        )

    async def units(self) -> int:
        """Return how many quota units the provider has counted."""
        counts = (await self.control.get(COUNTS_PATH)).raise_for_status().json()
        units: int = counts["units"]
        return units


@asynccontextmanager
async def provider(brand: Brand, kind: str, items: int, folder: Path) -> AsyncGenerator[Provider]:
    """Yield an account of `ACCOUNTS` while its process serves it; its log goes into `folder`."""
    words = ["-m", "bench.provider_server", kind, str(items)]
    with Server(words, folder) as server:
        base_url = f"http://127.0.0.1:{server.port}"
        tally = Tally(httpx2.AsyncHTTPTransport(trust_env=False))
        async with open_client(base_url, transport=tally) as client, open_client(base_url) as other:
            counts = (await other.get(COUNTS_PATH)).raise_for_status().json()
            yield Provider(
                brand, client, other, tally, counts["token"], counts["least_units"], SystemClock()
            )
