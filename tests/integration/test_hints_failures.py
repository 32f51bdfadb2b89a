"""Carriers of hints that break: nothing raises, nothing blocks, and everything comes back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.ports import Hints
from sanderling.kernel.clock import SystemClock
from sanderling.redis import RedisHints
from sanderling.redis.errors import RedisURLRefused
from sanderling.store import DatabaseLimits, FileHints, NotifyHints, open_database
from sanderling.wiring.hints import build_hints
from support.pgbouncer import run_pgbouncer
from support.postgres import PostgresServer
from support.redis import RedisServer
from support.waiting import until

pytestmark = pytest.mark.slow

_LONG_S = 20.0
_NOTHING_S = 0.2


class Broken:
    """A pair of hints whose carrier a test can stop, start and freeze."""

    def __init__(self, server: RedisServer | PostgresServer, speaker: Hints, ear: Hints) -> None:
        """Take the server and two that use it."""
        self.server = server
        self.speaker = speaker
        self.ear = ear


@pytest.fixture(params=["redis", "postgres"])
async def broken(request: pytest.FixtureRequest) -> AsyncGenerator[Broken]:
    """Yield hints over each server in turn, with short silences."""
    async with AsyncExitStack() as stack:
        if request.param == "redis":
            redis: RedisServer = request.getfixturevalue("redis")
            pair: list[Hints] = [
                RedisHints(redis.url, clock=SystemClock(), jitter=lambda: 0.0, quiet_s=0.2)
                for _ in range(2)
            ]
            server: RedisServer | PostgresServer = redis
        else:
            url: str = request.getfixturevalue("postgres_url")
            server = postgres = request.getfixturevalue("postgres")
            stack.callback(postgres.start_again)
            limits = DatabaseLimits(connect_s=1, lock_s=1, statement_s=1, transaction_s=1)
            database = await stack.enter_async_context(open_database(url, limits))
            pair = [
                NotifyHints(
                    database,
                    clock=SystemClock(),
                    jitter=lambda: 0.0,
                    token=token,
                    probe_every_s=0.2,
                )
                for token in ("one", "other")
            ]
        speaker, ear = [await stack.enter_async_context(one) for one in pair]
        await until(lambda: speaker.is_connected and ear.is_connected)
        yield Broken(server, speaker, ear)


async def test_a_carrier_that_ends_and_returns_is_used_again(broken: Broken) -> None:
    """While it is away nothing raises; once it is back hints are heard, and the gap is one."""
    with capture_logs() as logs:
        broken.server.stop()
        await until(lambda: not broken.ear.is_connected)
        await broken.speaker.publish(1)
        assert not await broken.ear.wait_hint(timeout_s=_NOTHING_S)

        broken.server.start()
        await until(lambda: broken.ear.is_connected and broken.speaker.is_connected)
        assert await broken.ear.wait_hint(timeout_s=_LONG_S)
        await broken.speaker.publish(2)
        assert await broken.ear.wait_hint(timeout_s=_LONG_S)

    told = [line["event"] for line in logs if line["event"].startswith("hints.")]
    assert sorted(told) == ["hints.lost"] * 2 + ["hints.restored"] * 2


async def test_a_carrier_that_hangs_is_noticed(broken: Broken) -> None:
    """A connection that is open and silent is not believed; telling does not wait for it."""
    with broken.server.paused():
        async with asyncio.timeout(_LONG_S):
            await broken.speaker.publish(1)
        await until(lambda: not broken.ear.is_connected)

    await until(lambda: broken.ear.is_connected and broken.speaker.is_connected)
    assert await broken.ear.wait_hint(timeout_s=_LONG_S)
    await broken.speaker.publish(2)
    assert await broken.ear.wait_hint(timeout_s=_LONG_S)


async def test_a_carrier_that_was_never_there_is_no_fault() -> None:
    """A process starts without Redis, tells and hears nothing, and ends."""
    hints = RedisHints("redis://127.0.0.1:1/0", clock=SystemClock(), jitter=lambda: 0.0)

    async with hints:
        await hints.publish(1)
        assert not hints.is_connected
        assert not await hints.wait_hint(timeout_s=_NOTHING_S)


async def test_behind_a_transaction_pooler_nothing_is_claimed(
    postgres: PostgresServer, postgres_shared: str, postgres_url: str
) -> None:
    """LISTEN through such a pooler succeeds and delivers nothing: probes tell so."""
    with run_pgbouncer(postgres) as port:
        url = postgres_url.replace(f":{postgres.port}/", f":{port}/")
        assert url != postgres_url
        async with open_database(url) as database:
            hints = NotifyHints(
                database, clock=SystemClock(), jitter=lambda: 0.0, token=postgres_shared
            )
            with capture_logs() as logs:
                async with hints:
                    await until(lambda: any(line["event"] == "hints.lost" for line in logs))
                    assert not hints.is_connected
                    await hints.publish(1)

    assert [line["reason"] for line in logs if line["event"] == "hints.lost"] == ["ProbeLostError"]


async def test_a_file_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    """A file that cannot be read is looked at again later."""
    hints = FileHints(tmp_path / "none" / "sanderling.db", clock=SystemClock(), jitter=lambda: 0.0)

    async with hints:
        assert not hints.is_connected
        assert not await hints.wait_hint(timeout_s=_NOTHING_S)


async def test_the_quickest_carrier_is_chosen(
    sqlite_url: str, postgres_url: str, redis: RedisServer
) -> None:
    """A file is looked at; beside PostgreSQL it is Redis where there is one."""
    clock = SystemClock()
    async with open_database(sqlite_url) as file, open_database(postgres_url) as server:
        kinds = [
            type(build_hints(file, redis_url=redis.url, clock=clock)),
            type(build_hints(server, redis_url=redis.url, clock=clock)),
            type(build_hints(server, redis_url=None, clock=clock)),
        ]

    assert kinds == [FileHints, RedisHints, NotifyHints]


@pytest.mark.parametrize("url", ["http://:quite-secret@host/", "redis://:quite-secret@host:port/0"])
def test_a_url_that_leads_to_no_redis_is_refused(url: str) -> None:
    """The refusal names the variable and shows no part of the URL."""
    with pytest.raises(RedisURLRefused, match="REDIS_URL") as refused:
        RedisHints(url, clock=SystemClock(), jitter=lambda: 0.0)

    assert "quite-secret" not in str(refused.value)
