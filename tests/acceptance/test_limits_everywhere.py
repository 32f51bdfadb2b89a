"""Four real servers on one PostgreSQL and one Redis: a limit is one, to the request."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import cycle

import httpx2
import pytest

from support.command import CommandLine, Server
from support.redis import RedisServer
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVERS = 4
CALLERS = 8
LIMIT = 200
"""Calls in 30 days: none refills while the test runs."""

MONTH_MS = 30 * 86_400_000
SOURCE = "def handler(event, context):\n    return event\n"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Servers behind a round robin, and a caller of all of them."""

    servers: Sequence[Server]
    https: Sequence[httpx2.AsyncClient]

    async def calls(self, count: int) -> list[httpx2.Response]:
        """Send so many calls, each to the next server, `CALLERS` at once on each."""
        gate = asyncio.Semaphore(SERVERS * CALLERS)
        nexts = cycle(self.https)

        async def one() -> httpx2.Response:
            async with gate:
                return await next(nexts).post("/v1/functions/echo/executions", json=1)

        return await asyncio.gather(*[one() for _ in range(count)])

    async def is_counted_apart(self) -> bool:
        """Claim that all servers know that Redis is away, and how many they are."""
        told = [(await http.get("/health/ready")).text for http in self.https]
        return all(f"each of {SERVERS} processes" in text for text in told)

    async def is_counted_together(self) -> bool:
        """Claim that all servers count in Redis."""
        return scopes([await http.get("/v1/whoami") for http in self.https]) == {None}


@pytest.fixture
async def fleet(
    command: CommandLine, postgres_url: str, redis: RedisServer
) -> AsyncGenerator[Fleet]:
    """Yield four servers with one function and one key."""
    redis.flush()
    command = replace(
        command,
        settings={
            "DATABASE_URL": postgres_url,
            "REDIS_URL": redis.url,
            "SANDBOX_SPARES": "1",
            "API_RATE_LIMITING_SHORT_LIMIT": "10000000",
            "API_RATE_LIMITING_LONG_LIMIT": "10000000",
            "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": str(LIMIT),
            "SERVERLESS_FUNCTION_EXEC_THROTTLE_TTL": str(MONTH_MS),
            # A machine that runs four servers and the tests is busier than one that serves.
            "RATE_LIMITING_REDIS_TIMEOUT_IN_MS": "1000",
        },
    )
    key: str = command.must("init")["key"]
    async with AsyncExitStack() as stack:
        servers = [stack.enter_context(command.serving()) for _ in range(SERVERS)]
        https = [
            await stack.enter_async_context(
                httpx2.AsyncClient(
                    base_url=server.url,
                    headers={"authorization": f"Bearer {key}"},
                    timeout=60,
                    trust_env=False,
                )
            )
            for server in servers
        ]
        made = await https[0].post("/v1/functions", json={"name": "echo", "source": SOURCE})
        assert made.status_code == 201, made.text
        assert (await https[0].post("/v1/functions/echo/versions")).status_code == 201
        yield Fleet(servers, https)


async def test_a_limit_is_one_over_all_servers(fleet: Fleet, redis: RedisServer) -> None:
    """Exactly the limit is admitted: over four, by their shares, and when one is killed."""
    together = await fleet.calls(LIMIT + 60)

    assert scopes(together) == {None}
    assert admitted(together) == LIMIT
    assert {answer.status_code for answer in together} <= {200, 429, 503}

    redis.stop()
    await until(fleet.is_counted_apart)
    apart = await fleet.calls(LIMIT + 60)

    assert scopes(apart) == {"share"}
    assert admitted(apart) == LIMIT

    # Nothing is kept on a disk here: the limit is whole again.
    redis.start()
    await until(fleet.is_counted_together)
    before = await fleet.calls(LIMIT // 2)
    fleet.servers[0].process.kill()
    fleet.servers[0].process.wait(30)
    after = await replace(fleet, https=fleet.https[1:]).calls(LIMIT)

    assert scopes([*before, *after]) == {None}
    assert admitted([*before, *after]) == LIMIT


def admitted(answers: Sequence[httpx2.Response]) -> int:
    """Return how many were let in, whether or not a sandbox was free for them."""
    return sum(answer.status_code != 429 for answer in answers)


def scopes(answers: Sequence[httpx2.Response]) -> set[str | None]:
    """Return what the answers say of who counted them."""
    return {answer.headers.get("ratelimit-scope") for answer in answers}
