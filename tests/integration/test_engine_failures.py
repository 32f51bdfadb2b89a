"""What becomes of tickets when Redis is away, slow, or not to be trusted."""

import asyncio
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from secrets import token_hex

import pytest
from structlog.testing import capture_logs

from sanderling.docket import DocketEngine
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.engine import Ticket
from support.redis import RedisServer
from support.waiting import until

_TASK = "look"

pytestmark = pytest.mark.slow


class Keys(list[str]):
    """A handler that keeps the keys it is given."""

    async def __call__(self, key: str) -> None:
        """Keep one."""
        self.append(key)


def _engine(url: str, keys: Keys) -> DocketEngine:
    engine = DocketEngine(
        url, worker=token_hex(8), clock=SystemClock(), jitter=lambda: 0.5, drain_s=1, lease_s=1
    )
    engine.handle(_TASK, keys)
    engine.consume(4)
    return engine


@pytest.fixture
def server(redis: RedisServer) -> RedisServer:
    """Return an empty server that a test may stop."""
    redis.flush()
    return redis


def _names(lines: Sequence[Mapping[str, object]]) -> list[object]:
    return [line["event"] for line in lines]


def _is_carried(engine: DocketEngine) -> Callable[[], bool]:
    return lambda: engine.is_carried


async def test_work_goes_on_where_it_arrives_while_redis_is_away(server: RedisServer) -> None:
    """A process that starts without Redis does its own work, says so, and finds Redis later."""
    server.stop()
    keys = Keys()

    with capture_logs() as lines:
        async with _engine(server.url, keys) as engine:
            await until(lambda: "engine.lost" in _names(lines))
            await engine.enqueue(Ticket(_TASK, "alone"))
            await until(lambda: keys == ["alone"])
            health = engine.health()
            server.start()
            await until(_is_carried(engine))
            await engine.enqueue(Ticket(_TASK, "carried"))
            await until(lambda: keys == ["alone", "carried"])
            restored = engine.health()

    assert health.reasons
    assert health.waiting is None
    assert restored.reasons == ()
    assert [name for name in _names(lines) if str(name).startswith("engine.")] == [
        "engine.lost",
        "engine.restored",
    ]


async def test_redis_may_be_killed_at_any_time(server: RedisServer) -> None:
    """Tickets enqueued before, while and after Redis is away are handled, but for those it lost."""
    keys = Keys()

    async with _engine(server.url, keys) as engine:
        await until(_is_carried(engine))
        await engine.enqueue(Ticket(_TASK, "before"))
        await until(lambda: "before" in keys)
        server.stop()
        await engine.enqueue(Ticket(_TASK, "while"))
        await until(lambda: "while" in keys)
        server.start()
        await until(_is_carried(engine))
        await engine.enqueue(Ticket(_TASK, "after"))
        await until(lambda: "after" in keys)

    assert sorted(keys) == ["after", "before", "while"]


async def test_a_redis_that_stands_still_holds_nobody_up(server: RedisServer) -> None:
    """Work goes on, and leaving takes no longer than a few seconds."""
    keys = Keys()

    async with asyncio.timeout(20), AsyncExitStack() as stack:
        engine = await stack.enter_async_context(_engine(server.url, keys))
        await until(_is_carried(engine))
        stack.enter_context(server.paused())
        await engine.enqueue(Ticket(_TASK, "alone"))
        await until(lambda: keys == ["alone"])
        await engine.__aexit__(None, None, None)


async def test_processes_share_the_work(server: RedisServer) -> None:
    """Each ticket is handled by one of them, and both get some."""
    one, other = Keys(), Keys()

    async with _engine(server.url, one) as first, _engine(server.url, other) as second:
        await until(lambda: first.is_carried and second.is_carried)
        for number in range(100):
            await first.enqueue(Ticket(_TASK, f"key-{number}"))
        await until(lambda: len(one) + len(other) >= 100)

    assert sorted(one + other) == sorted(f"key-{number}" for number in range(100))
    assert one
    assert other


async def test_what_somebody_put_into_redis_is_not_run(server: RedisServer, tmp_path: Path) -> None:
    """A pickle in place of a ticket, or of an instruction to the workers, runs no code."""
    mark, keys = tmp_path / "mark", Keys()
    trap = pickle.dumps(_Trap(mark))
    message = {
        "key": "look:trap",
        "when": SystemClock().now().isoformat(),
        "function": _TASK,
        "args": trap,
        "kwargs": trap,
        "attempt": "1",
        "generation": "0",
    }
    with server.client() as client:
        client.xadd("sanderling:strikes", {"direction": "strike", "operator": "==", "value": trap})
        client.xadd("sanderling:stream", message)

    with capture_logs() as lines:
        async with _engine(server.url, keys) as engine:
            await until(lambda: "engine.failed" in _names(lines))
            await until(_is_carried(engine))
            await engine.enqueue(Ticket(_TASK, "honest"))
            await until(lambda: keys == ["honest"])

    assert not mark.exists()
    pickle.loads(trap)  # noqa: S301 - the trap works where something unpickles it.
    assert mark.exists()


class _Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self._mark,))
