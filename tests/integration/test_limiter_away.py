"""The limiter of all processes when Redis is away, slow, emptied, read-only or something else."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

import pytest
import uvloop

from sanderling.kernel.clock import SystemClock
from sanderling.metering.ports import Rule, Scope, WhenAway
from sanderling.redis import RedisLimiter
from sanderling.redis.limiter import redis_key
from sanderling.redis.wire import MAX_MISSED
from support.ports import free_port
from support.redis import RedisServer
from support.waiting import until

HOUR_US = 3_600_000_000
SOON_S = 20.0
"""Far more than any wait here may take: a test that hangs fails."""


def a_limiter(url: str, *, processes: int = 4, answer_s: float = 0.05) -> RedisLimiter:
    """Return a limiter of one of so many processes."""
    return RedisLimiter(
        url,
        clock=SystemClock(),
        jitter=lambda: 0.0,
        processes=lambda: processes,
        answer_s=answer_s,
    )


def a_rule(key: str, burst: int = 8, *, when_away: WhenAway = WhenAway.SHARE_THEN_OPEN) -> Rule:
    """Return a rule that hardly refills while a test runs."""
    return Rule("rule", key, burst, HOUR_US, tag="ws", when_away=when_away)


async def admitted(limiter: RedisLimiter, rule: Rule, times: int) -> tuple[int, set[Scope]]:
    """Return how many of so many requests were admitted, and in which scopes they were decided."""
    async with asyncio.timeout(SOON_S):
        seen = [await limiter.acquire([rule]) for _ in range(times)]
    return sum(each.is_admitted for each in seen), {each.scope for each in seen}


async def test_a_killed_redis_leaves_each_process_its_share(
    redis: RedisServer, fresh_key: str
) -> None:
    """Requests go on being decided, by a quarter of the limit, and together once Redis is back."""
    rule = a_rule(fresh_key)
    async with a_limiter(redis.url) as limiter:
        assert await admitted(limiter, rule, 3) == (3, {Scope.INSTANCE})

        redis.stop()
        await until(lambda: limiter.statistics().is_away)
        assert await admitted(limiter, rule, 5) == (2, {Scope.SHARE})
        assert limiter.why_away

        redis.start()
        await until(lambda: not limiter.statistics().is_away)
        # This Redis keeps nothing on a disk, so the limit is whole again.
        assert await admitted(limiter, rule, 10) == (8, {Scope.INSTANCE})
        assert not limiter.why_away


async def test_strict_rules_count_on_when_redis_is_lost(redis: RedisServer, fresh_key: str) -> None:
    """What was admitted before counts against the share, so an outage is no way round the limit."""
    rule = a_rule(fresh_key, when_away=WhenAway.STRICT)
    async with a_limiter(redis.url) as limiter:
        assert await admitted(limiter, rule, 2) == (2, {Scope.INSTANCE})

        redis.stop()
        await until(lambda: limiter.statistics().is_away)

        assert await admitted(limiter, rule, 3) == (0, {Scope.SHARE})


async def test_a_redis_that_was_never_there_is_no_fault(fresh_key: str) -> None:
    """A process starts without Redis, and finds it as soon as it is there."""
    async with asyncio.timeout(SOON_S), a_limiter(f"redis://127.0.0.1:{free_port()}/0") as limiter:
        assert await admitted(limiter, a_rule(fresh_key), 3) == (2, {Scope.SHARE})


async def test_a_redis_that_stands_still_is_given_up(redis: RedisServer, fresh_key: str) -> None:
    """After a few answers that did not come nobody waits for one any more, until they come."""
    rule = a_rule(fresh_key, 400)
    async with a_limiter(redis.url) as limiter:
        with redis.paused():
            assert await admitted(limiter, rule, MAX_MISSED) == (MAX_MISSED, {Scope.SHARE})
            assert limiter.statistics().is_away
            await until(lambda: limiter.why_away == "it answers too slowly")
            assert await admitted(limiter, rule, 100) == (100 - MAX_MISSED, {Scope.SHARE})

        await until(lambda: not limiter.statistics().is_away)
        assert await admitted(limiter, rule, 1) == (1, {Scope.INSTANCE})


async def test_many_who_wait_at_once_give_up_together(redis: RedisServer, fresh_key: str) -> None:
    """Callers of the same moment wait for one timeout, not one after the other."""
    rule = a_rule(fresh_key, 400)
    async with a_limiter(redis.url) as limiter:
        with redis.paused():
            async with asyncio.timeout(SOON_S):
                seen = await asyncio.gather(*[limiter.acquire([rule]) for _ in range(64)])

        assert {each.scope for each in seen} == {Scope.SHARE}
        assert limiter.statistics().decisions == {Scope.SHARE: 64}


async def test_a_flushed_script_is_sent_again(redis: RedisServer, fresh_key: str) -> None:
    """When Redis forgets the script, requests of that moment are still counted, exactly."""
    rule = a_rule(fresh_key, 40)
    async with a_limiter(redis.url, answer_s=5.0) as limiter:
        seen = [await limiter.acquire([rule]) for _ in range(10)]
        redis.do("SCRIPT", "FLUSH")
        seen += await asyncio.gather(*[limiter.acquire([rule]) for _ in range(20)])
        redis.do("SCRIPT", "FLUSH")
        seen += [await limiter.acquire([rule]) for _ in range(20)]

    assert sum(each.is_admitted for each in seen) == 40
    assert {each.scope for each in seen} == {Scope.INSTANCE}


async def test_a_redis_that_takes_no_writes_is_away(redis: RedisServer, fresh_key: str) -> None:
    """A replica answers, but cannot count; the primary is found once it is one."""
    async with a_limiter(redis.url) as limiter:
        redis.do("REPLICAOF", "127.0.0.1", str(free_port()))
        try:
            assert (await admitted(limiter, a_rule(fresh_key), 3))[1] == {Scope.SHARE}
            await until(lambda: limiter.why_away == "it answers READONLY")
        finally:
            redis.do("REPLICAOF", "NO", "ONE")

        await until(lambda: not limiter.statistics().is_away)
        assert (await admitted(limiter, a_rule(fresh_key), 1))[1] == {Scope.INSTANCE}


async def test_a_wrong_password_is_told_without_it(redis: RedisServer, fresh_key: str) -> None:
    """A Redis that does not let us in is away, and why says so in its word alone."""
    url = redis.url.replace(":quite-secret@", ":other-secret@")
    async with a_limiter(url) as limiter:
        assert (await admitted(limiter, a_rule(fresh_key), 1))[1] == {Scope.SHARE}
        assert limiter.why_away == "it answers WRONGPASS"


async def test_callers_at_once_get_their_own_answers(redis: RedisServer, fresh_key: str) -> None:
    """Many questions share a connection, and none gets the answer to another."""
    rules = [a_rule(f"{fresh_key}:{burst}", burst) for burst in range(1, 65)]
    async with a_limiter(redis.url, answer_s=5.0) as limiter:
        seen = await asyncio.gather(*[limiter.acquire([rule]) for rule in rules * 2])

    assert [each.states[0].rule for each in seen] == rules * 2
    assert [each.states[0].remaining for each in seen[:64]] == list(range(64))
    assert [each.is_admitted for each in seen[64:]] == [False] + [True] * 63


async def test_keys_are_gone_once_their_bucket_is_whole(redis: RedisServer, fresh_key: str) -> None:
    """Redis forgets a mark when it means nothing any more, and not before."""
    short = Rule("short", f"{fresh_key}:short", 1, 200_000, tag="ws")
    long = Rule("long", f"{fresh_key}:long", 2, HOUR_US, tag="ws")
    async with a_limiter(redis.url, answer_s=5.0) as limiter:
        await limiter.acquire([short, long])

        assert 0 < redis.do("PTTL", redis_key(short)) <= 202
        assert HOUR_US // 2000 - 60_000 < redis.do("PTTL", redis_key(long)) <= HOUR_US // 2000 + 2
        await until(lambda: not redis.do("EXISTS", redis_key(short)))
        assert (await limiter.acquire([short])).is_admitted


async def test_all_keys_of_a_call_are_on_one_node(
    redis_cluster: RedisServer, fresh_key: str
) -> None:
    """A cluster keeps whatever is counted together on one node, braces in names or not."""
    rules = [
        Rule(name, f"{name}:{fresh_key}", 1, 1_000_000, tag="ws_01")
        for name in ("api-requests-short", "function-executions", "odd{name}")
    ]

    slots = {redis_cluster.do("CLUSTER", "KEYSLOT", redis_key(rule)) for rule in rules}

    assert len(slots) == 1


def test_a_process_that_stands_still_blames_nobody(redis: RedisServer, fresh_key: str) -> None:
    """When this process was busy for longer than the timeout, an answer that is there counts."""

    async def work() -> Scope:
        async with a_limiter(redis.url) as limiter:
            await limiter.acquire([a_rule(fresh_key)])
            asking = asyncio.ensure_future(limiter.acquire([a_rule(fresh_key)]))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            # Not a wait: this is the busy process itself.
            time.sleep(0.3)  # noqa: ASYNC251 - as above.
            return (await asking).scope

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(work()) is Scope.INSTANCE


class _Answering(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert data
        self._transport.write(self._answer)


@asynccontextmanager
async def a_server(answer: bytes) -> AsyncGenerator[str]:
    """Yield the URL of something that says `answer` to whatever it is told."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(answer), "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def test_a_black_hole_holds_nobody(fresh_key: str) -> None:
    """Something that takes connections and never answers is away from the start."""
    async with a_server(b"") as url, asyncio.timeout(SOON_S), a_limiter(url) as limiter:
        assert await admitted(limiter, a_rule(fresh_key), 3) == (2, {Scope.SHARE})
        assert limiter.why_away == "it answers too slowly"


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$3\r\nabc\r\n", b"+OK\r\n" * 99, b"x" * 99_999],
)
async def test_something_else_than_redis_is_away(answer: bytes, fresh_key: str) -> None:
    """Whatever answers like no Redis is not believed, and does no harm."""
    async with (
        a_server(answer) as url,
        asyncio.timeout(SOON_S),
        a_limiter(url) as limiter,
    ):
        assert await admitted(limiter, a_rule(fresh_key), 3) == (2, {Scope.SHARE})
        assert limiter.statistics().is_away


async def test_a_status_that_is_no_decision_is_away(fresh_key: str) -> None:
    """A server that says OK to everything is not taken for one that counts."""
    async with (
        a_server(b"+OK\r\n") as url,
        asyncio.timeout(SOON_S),
        a_limiter(url) as limiter,
    ):
        assert await admitted(limiter, a_rule(fresh_key), 3) == (2, {Scope.SHARE})
        assert limiter.statistics().is_away
