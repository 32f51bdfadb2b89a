"""What every engine promises; each implementation runs the whole suite."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import TypeAlias

import pytest

from sanderling.docket import DocketEngine, MemoryEngine
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.engine import Engine, Ticket
from support.redis import RedisServer
from support.waiting import until

MakeEngine: TypeAlias = Callable[[float], Engine]

_TASK = "look"
_ENOUGH_S = 20.0
_SOON_S = 0.2

pytestmark = pytest.mark.slow


def _memory(_: pytest.FixtureRequest, drain_s: float) -> Engine:
    return MemoryEngine(SystemClock(), drain_s=drain_s)


def _docket(url: str, drain_s: float) -> Engine:
    return DocketEngine(
        url, worker=token_hex(8), clock=SystemClock(), jitter=lambda: 0.5, drain_s=drain_s
    )


def _docket_in_memory(_: pytest.FixtureRequest, drain_s: float) -> Engine:
    return _docket(f"memory://{token_hex(8)}", drain_s)


def _docket_on_redis(request: pytest.FixtureRequest, drain_s: float) -> Engine:
    server: RedisServer = request.getfixturevalue("redis")
    server.flush()
    return _docket(server.url, drain_s)


@pytest.fixture(params=[_memory, _docket_in_memory, _docket_on_redis])
def make_engine(request: pytest.FixtureRequest) -> MakeEngine:
    """Make engines of each kind in turn, given how long leaving may take."""
    return lambda drain_s: request.param(request, drain_s)


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    """Return an engine that was not entered."""
    return make_engine(_ENOUGH_S)


@dataclass
class Bench:
    """A handler that notes what it is given, and waits where it is told to."""

    began: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, key: str) -> None:
        """Note, and end once the gate is open."""
        self.began.append(key)
        await self.gate.wait()
        self.ended.append(key)


def an_open_bench() -> Bench:
    """Return one that lets everything through."""
    bench = Bench()
    bench.gate.set()
    return bench


async def _carrying(engine: Engine, bench: Bench) -> None:
    """Wait until the engine carries by what it is made for, not by its stand-in."""
    if isinstance(engine, DocketEngine):
        await until(lambda: engine.is_carried)
    await engine.enqueue(Ticket(_TASK, "first"))
    await until(lambda: "first" in bench.began)
    bench.began.clear()


async def test_a_ticket_reaches_the_handler_of_its_task(engine: Engine) -> None:
    """Each kind of work has its own handler."""
    look, other = an_open_bench(), an_open_bench()
    engine.handle(_TASK, look)
    engine.handle("other", other)
    engine.consume(4)

    async with engine:
        await engine.enqueue(Ticket(_TASK, "a"), Ticket("other", "b"))
        await until(lambda: look.ended == ["a"] and other.ended == ["b"])


async def test_many_tickets_at_once_all_arrive(engine: Engine) -> None:
    """A batch is carried whole."""
    bench = an_open_bench()
    engine.handle(_TASK, bench)
    engine.consume(8)
    keys = [f"key-{number}" for number in range(200)]

    async with engine:
        await _carrying(engine, bench)
        await engine.enqueue(*(Ticket(_TASK, key) for key in keys))
        await until(lambda: len(bench.ended) > len(keys))

    assert sorted(bench.began) == sorted(keys)


async def test_a_key_that_waits_or_runs_is_not_added_again(engine: Engine) -> None:
    """Whoever asks twice for the same gets it once, and may ask again afterwards."""
    bench = Bench()
    engine.handle(_TASK, bench)
    bench.gate.set()

    engine.consume(1)
    async with engine:
        await _carrying(engine, bench)
        bench.gate.clear()
        await engine.enqueue(Ticket(_TASK, "busy"))
        await until(lambda: bench.began == ["busy"])
        for key in ["busy", "next", "next", "busy", "next"]:
            await engine.enqueue(Ticket(_TASK, key))
        bench.gate.set()
        await until(lambda: bench.began == ["busy", "next"] and len(bench.ended) == 3)
        await engine.enqueue(Ticket(_TASK, "last"))
        await until(lambda: "last" in bench.ended)

        assert bench.began == ["busy", "next", "last"]


async def test_a_later_ticket_waits_for_its_time(engine: Engine) -> None:
    """What is not due yet is not handled, and what is due meanwhile is."""
    bench, clock = an_open_bench(), SystemClock()
    engine.handle(_TASK, bench)
    engine.consume(4)
    at: dict[str, float] = {}

    async with engine:
        await _carrying(engine, bench)
        due = clock.now() + timedelta(seconds=0.8)
        await engine.enqueue(Ticket(_TASK, "later", due), Ticket(_TASK, "now", clock.now()))
        while "later" not in bench.began:
            await asyncio.sleep(0.01)
            at = {key: at.get(key, clock.now().timestamp()) for key in bench.began}

    assert bench.began == ["now", "later"]
    assert at["later"] >= due.timestamp()


async def test_no_more_run_than_there_are_places(engine: Engine) -> None:
    """Places bound what runs here; the rest waits, and more places take up more."""
    bench = an_open_bench()
    engine.handle(_TASK, bench)
    engine.consume(2)

    async with engine:
        await _carrying(engine, bench)
        bench.gate.clear()
        await engine.enqueue(*(Ticket(_TASK, f"key-{number}") for number in range(6)))
        await until(lambda: len(bench.began) == 2)
        await asyncio.sleep(_SOON_S)
        at_first = len(bench.began), _running(engine)
        engine.consume(5)
        await until(lambda: len(bench.began) == 5)
        await asyncio.sleep(_SOON_S)
        later = len(bench.began)
        bench.gate.set()
        await until(lambda: len(bench.ended) == 7)

    assert (at_first, later) == ((2, 2), 5)


async def test_an_engine_handles_nothing_until_it_is_told_to(engine: Engine) -> None:
    """A process that only submits leaves the work to others, or until it gets places."""
    bench = an_open_bench()
    engine.handle(_TASK, bench)

    async with engine:
        if isinstance(engine, DocketEngine):
            await until(lambda: engine.is_carried)
        await engine.enqueue(Ticket(_TASK, "a"))
        await asyncio.sleep(_SOON_S)
        before = list(bench.began)
        engine.consume(1)
        await until(lambda: bench.ended == ["a"])

    assert before == []


async def test_a_handler_that_raises_hurts_nobody(engine: Engine) -> None:
    """Its ticket is done, and the next one is handled."""
    bench = an_open_bench()

    async def handle(key: str) -> None:
        if key == "bad":
            raise RuntimeError(key)
        await bench(key)

    engine.handle(_TASK, handle)
    engine.consume(1)

    async with engine:
        await _carrying(engine, bench)
        await engine.enqueue(Ticket(_TASK, "bad"), Ticket(_TASK, "good"))
        await until(lambda: bench.ended == ["first", "good"])


async def test_leaving_lets_handlers_finish(engine: Engine) -> None:
    """What was taken up is done before the process ends."""
    bench = an_open_bench()
    engine.handle(_TASK, bench)
    engine.consume(2)

    async with engine:
        await _carrying(engine, bench)
        bench.gate.clear()
        await engine.enqueue(Ticket(_TASK, "a"), Ticket(_TASK, "b"))
        await until(lambda: len(bench.began) == 2)
        asyncio.get_running_loop().call_later(_SOON_S, bench.gate.set)

    assert sorted(bench.ended) == ["a", "b", "first"]


async def test_leaving_cancels_what_takes_too_long(make_engine: MakeEngine) -> None:
    """A handler that never ends keeps no process alive."""
    engine, bench = make_engine(_SOON_S), an_open_bench()
    engine.handle(_TASK, bench)
    engine.consume(1)

    async with engine:
        await _carrying(engine, bench)
        bench.gate.clear()
        await engine.enqueue(Ticket(_TASK, "endless"))
        await until(lambda: bench.began == ["endless"])

    assert bench.ended == ["first"]
    assert _running(engine) == 0


async def test_whoever_hurries_cancels_what_runs(engine: Engine) -> None:
    """A second word to end is not answered by waiting."""
    bench = an_open_bench()
    engine.handle(_TASK, bench)
    engine.consume(1)

    async with engine:
        await _carrying(engine, bench)
        bench.gate.clear()
        await engine.enqueue(Ticket(_TASK, "endless"))
        await until(lambda: bench.began == ["endless"])
        engine.consume(0)
        engine.hurry()

    assert bench.ended == ["first"]


async def test_a_handler_that_ends_in_order_is_told_to_end_once(make_engine: MakeEngine) -> None:
    """Whoever hurries, hurries again and leaves cuts off nothing of what it hands on."""
    engine, bench = make_engine(0.0), an_open_bench()
    began, handed_on = asyncio.Event(), list[str]()

    async def hands_on(key: str) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(_SOON_S)
            handed_on.append(key)

    engine.handle(_TASK, bench)
    engine.handle("other", hands_on)
    engine.consume(1)

    async with engine:
        await _carrying(engine, bench)
        await engine.enqueue(Ticket("other", "a"))
        await until(began.is_set)
        engine.consume(0)
        engine.hurry()
        await asyncio.sleep(0)
        engine.hurry()

    assert handed_on == ["a"]


async def test_health_counts(engine: Engine) -> None:
    """An engine tells what waits, what runs, and how many may."""
    bench = an_open_bench()
    engine.handle(_TASK, bench)
    engine.consume(1)

    async with engine:
        await _carrying(engine, bench)
        bench.gate.clear()
        await engine.enqueue(*(Ticket(_TASK, f"key-{number}") for number in range(4)))

        def is_told() -> bool:
            health = engine.health()
            return (health.waiting, health.running, health.places) == (3, 1, 1)

        await until(is_told)
        assert engine.health().reasons == ()
        bench.gate.set()
        await until(lambda: len(bench.ended) == 5)


def _running(engine: Engine) -> int:
    return engine.health().running
