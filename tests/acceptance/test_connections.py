"""A real process keeps no more connections to PostgreSQL than it was given, and works with them."""

import asyncio
from collections import Counter
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2
import pytest

from support.command import CommandLine
from support.postgres import PostgresServer
from support.redis import RedisServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

MOST = 4
REQUESTS, TOGETHER = 200, 40
HINTS = "sanderling hints"
ECHO = "def handler(event, context):\n    return event\n"
GENEROUS = {
    "API_RATE_LIMITING_SHORT_LIMIT": "1000000",
    "API_RATE_LIMITING_LONG_LIMIT": "1000000",
    "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "1000000",
    "SANDBOX_SPARES": "1",
}
_OPEN = "SELECT application_name FROM pg_stat_activity WHERE datname = '{}'"


async def seen_meanwhile(
    postgres: PostgresServer, name: str, work: asyncio.Task[None]
) -> list[Counter[object]]:
    """Return who was connected to a database, as it was looked at again and again."""
    seen: list[Counter[object]] = []
    while not work.done():
        rows = await asyncio.to_thread(postgres.execute, _OPEN.format(name))
        seen.append(Counter(row[0] for row in rows))
    await work
    return seen


@pytest.mark.parametrize("is_alone", [True, False], ids=["without-redis", "with-redis"])
async def test_a_process_keeps_to_its_connections(
    command: CommandLine,
    postgres: PostgresServer,
    postgres_url: str,
    redis: RedisServer,
    *,
    is_alone: bool,
) -> None:
    """Forty callers at once are all served over as many as were given, with what hears of news."""
    given = {"DATABASE_URL": postgres_url, "PG_POOL_MAX_CONNECTIONS": str(MOST), **GENEROUS}
    given |= {} if is_alone else {"REDIS_URL": redis.url}
    command = replace(command, settings=given)
    key: str = command.must("init")["key"]
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    command.must("functions", "deploy", "echo", str(file))
    statuses = Counter[int]()

    with command.serving() as server:
        async with httpx2.AsyncClient(
            base_url=server.url,
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
            trust_env=False,
        ) as http:
            places = asyncio.Semaphore(TOGETHER)

            async def queue(number: int) -> None:
                async with places:
                    answer = await http.post(
                        "/v1/functions/echo/executions",
                        json=number,
                        headers={"prefer": "respond-async"},
                    )
                    statuses[answer.status_code] += 1

            async def work() -> None:
                await asyncio.gather(*(queue(number) for number in range(REQUESTS)))

            name = urlsplit(postgres_url).path.removeprefix("/")
            seen = await seen_meanwhile(postgres, name, asyncio.create_task(work()))
        assert server.stop() == 0

    assert statuses == {202: REQUESTS}
    assert max(each.total() for each in seen) <= MOST
    # All that are left for the work are in use: the bound is one, and no mere chance.
    apart = 2 if is_alone else 1
    assert max(each["sanderling"] for each in seen) >= MOST - apart
    assert max(each[HINTS] for each in seen) == (1 if is_alone else 0)


def test_too_few_connections_are_refused(command: CommandLine) -> None:
    """Whoever starts a process with them is told how many it needs, and what for."""
    refused = command.run("worker", PG_POOL_MAX_CONNECTIONS=str(MOST - 1))

    assert refused.status != 0
    assert "PG_POOL_MAX_CONNECTIONS" in refused.err
    assert f"write at least {MOST}: one connection is for leases" in " ".join(refused.err.split())
