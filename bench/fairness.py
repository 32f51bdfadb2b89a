"""How long quiet workspaces wait beside a noisy one: first come, first served, or in turns.

Eight workers run calls of 10 ms. A noisy workspace has put in its whole backlog before twenty quiet
ones put in five calls each.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from statistics import median, quantiles
from typing import Final, Protocol, cast

import uvloop

from bench.redis_server import own_redis
from bench.report import Goal, Report, Row, rounded
from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.port import Artifact, ArtifactKey, Digest, Invocation, Isolation
from runner.fairness.concurrency import Concurrency
from runner.fairness.turnstile import Turnstile
from runner.target import Target
from sanderling.fairness.cap import Shares
from sanderling.fairness.memory import MemoryTurns
from sanderling.fairness.ports import Turn, Turns
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId
from sanderling.kernel.units import MIB
from sanderling.redis import RedisScript, RedisTurns, Sharing
from sanderling.redis.connection import RedisClient, open_redis

WORKERS: Final = 8
CAP: Final = 4
_CALL_S: Final = 0.01
_QUIET: Final = tuple(WorkspaceId(f"ws_quiet_{number:02}") for number in range(20))
_CALLS_EACH: Final = 5
_NOISY: Final = WorkspaceId("ws_noisy")
_DEFAULT_CALLS: Final = 2000
_SANDBOXED_PER_CALL: Final = 4
_SANDBOXED_QUIET: Final = 10
_WAITS_FOR_TURN_S: Final = 0.05
_FIFO_KEYS: Final = ("sanderling:{bench}:waiting", "sanderling:{bench}:running")
_SOURCE: Final = (
    "import time\ndef handler(event, context):\n    time.sleep(0.01)\n    return event\n"
)


@dataclass(slots=True)
class Waits:
    """How long calls waited, in seconds, and when the last one ended."""

    began_s: float = field(default_factory=time.perf_counter)
    quiet: list[float] = field(default_factory=list[float])
    noisy: list[float] = field(default_factory=list[float])
    total_s: float = 0.0

    def note(self, workspace_id: WorkspaceId) -> None:
        """Note that a call of `workspace_id` gets what it waited for now."""
        waits = self.noisy if workspace_id == _NOISY else self.quiet
        waits.append(time.perf_counter() - self.began_s)

    def end(self) -> None:
        """Note that all have ended."""
        self.total_s = time.perf_counter() - self.began_s


class Queue(Protocol):
    """What hands calls to workers; `bench` has one for each row."""

    async def put(self, workspace_id: WorkspaceId) -> None:
        """Put in one call."""
        ...

    async def take(self) -> tuple[WorkspaceId, Callable[[], Awaitable[None]]] | None:
        """Return whose call is next, and what to do when it has ended; None when nobody may go."""
        ...


async def _nothing() -> None:
    pass


class MemoryFIFO:
    """First come, first served, in this process."""

    def __init__(self) -> None:
        """Start empty."""
        self._calls: deque[WorkspaceId] = deque()

    async def put(self, workspace_id: WorkspaceId) -> None:
        """Put in one call."""
        self._calls.append(workspace_id)

    async def take(self) -> tuple[WorkspaceId, Callable[[], Awaitable[None]]] | None:
        """Return the oldest call."""
        return (self._calls.popleft(), _nothing) if self._calls else None


class RedisFIFO:
    """First come, first served, in a list on Redis that loses no call when a worker dies."""

    def __init__(self, client: RedisClient) -> None:
        """Use `client`."""
        self._client = client

    async def put(self, workspace_id: WorkspaceId) -> None:
        """Put in one call."""
        await self._client.eval(
            "return redis.call('RPUSH', KEYS[1], ARGV[1])", 1, _FIFO_KEYS[0], workspace_id
        )

    async def take(self) -> tuple[WorkspaceId, Callable[[], Awaitable[None]]] | None:
        """Return the oldest call."""
        found = await self._client.eval(
            "return redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')", 2, *_FIFO_KEYS
        )
        if found is None:
            return None
        workspace_id = WorkspaceId(cast("bytes", found).decode())
        return workspace_id, partial(self._done, workspace_id)

    async def _done(self, workspace_id: WorkspaceId) -> None:
        await self._client.eval(
            "return redis.call('LREM', KEYS[1], 1, ARGV[1])", 1, _FIFO_KEYS[1], workspace_id
        )


class FairQueue:
    """In turns; the calls themselves are kept beside, as rows keep executions."""

    def __init__(self, turns: Turns) -> None:
        """Ask `turns` whose turn it is."""
        self._turns = turns
        self._calls: dict[WorkspaceId, int] = {}
        self._changed = asyncio.Event()

    async def put(self, workspace_id: WorkspaceId) -> None:
        """Put in one call."""
        if workspace_id not in self._calls:
            await self._turns.ready(workspace_id)
        self._calls[workspace_id] = self._calls.get(workspace_id, 0) + 1

    async def take(self) -> tuple[WorkspaceId, Callable[[], Awaitable[None]]] | None:
        """Return a call of whose turn it is."""
        while sum(self._calls.values()):
            turn = await self._turns.take("bench")
            if turn is None:
                # A cap is reached: look again when a call has ended.
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), _WAITS_FOR_TURN_S)
                except TimeoutError:
                    continue
                continue
            workspace_id = turn.workspace_id
            if not self._calls[workspace_id]:
                await self._turns.give_back(turn, has_more=False)
                continue
            self._calls[workspace_id] -= 1

            return workspace_id, partial(self._done, turn)
        return None

    async def _done(self, turn: Turn) -> None:
        await self._turns.give_back(turn, has_more=True)
        self._changed.set()


async def _work(queue: Queue, waits: Waits) -> None:
    while (taken := await queue.take()) is not None:
        workspace_id, done = taken
        waits.note(workspace_id)
        await asyncio.sleep(_CALL_S)
        await done()


async def _serve(queue: Queue, calls: int) -> Waits:
    """Return how long everybody waited; the backlog is there before the first worker begins."""
    for workspace_id in [_NOISY] * calls + list(_QUIET) * _CALLS_EACH:
        await queue.put(workspace_id)
    waits = Waits()
    await asyncio.gather(*[_work(queue, waits) for _ in range(WORKERS)])
    waits.end()
    return waits


_SHARES: Final = {
    "hard_cap": Shares(in_all=WORKERS, per_workspace=CAP),
    "soft_cap": Shares(in_all=WORKERS, soft=CAP),
}


async def _in_memory(calls: int) -> dict[str, Waits]:
    waits = {"fifo": await _serve(MemoryFIFO(), calls)}
    for name, shares in _SHARES.items():
        turns = MemoryTurns(shares, SystemClock(), token=lambda: secrets.token_hex(8))
        waits[name] = await _serve(FairQueue(turns), calls)
    return waits


async def _on_redis(url: str, calls: int) -> dict[str, Waits]:
    client = open_redis(url)
    waits = {"fifo": await _serve(RedisFIFO(client), calls)}
    await client.aclose()
    for name, shares in _SHARES.items():
        async with _redis_turns(url, shares) as turns:
            waits[name] = await _serve(FairQueue(turns), calls)
    return waits


@asynccontextmanager
async def _redis_turns(url: str, shares: Shares) -> AsyncGenerator[RedisTurns]:
    clock = SystemClock()
    script = RedisScript(url, "turns", clock=clock, answer_s=5.0)
    turns = RedisTurns(script, shares, clock, Sharing(lambda: secrets.token_hex(8)))
    yield turns
    await turns.close()


def _artifact(workspace_id: WorkspaceId) -> Artifact:
    key = ArtifactKey(workspace_id, FunctionId(f"fn_{workspace_id}"), Digest("0" * 64))
    return Artifact(key, _SOURCE, Limits(memory_bytes=64 * MIB))


def _target(artifact: Artifact) -> Target:
    return Target(
        workspace_id=artifact.key.workspace_id,
        function_id=artifact.key.function_id,
        function_name="bench",
        version=1,
        key=artifact.key,
        limits=artifact.limits,
        isolation=Isolation.CALL,
        rules=(),
        workflow_rules=(),
    )


async def _sandboxed(turnstile: Turnstile, calls: int) -> Waits:
    """Return how long everybody waited for the answer of a real sandboxed call."""
    room = WORKERS * 64 * MIB
    settings = LocalSettings(memory_budget_bytes=room, queue_limit=100_000, queue_wait_s=600.0)
    async with LocalDriver(settings) as driver:
        artifacts = {name: _artifact(name) for name in (_NOISY, *_QUIET[:_SANDBOXED_QUIET])}
        for artifact in artifacts.values():
            await driver.deploy(artifact)
        waits = Waits()

        async def call(workspace_id: WorkspaceId) -> None:
            target = _target(artifacts[workspace_id])
            if not turnstile.enter_nowait(target):
                await turnstile.enter(target, lease_s=600.0)
            try:
                await driver.invoke(Invocation(CallId("call_bench"), target.key, b"1"))
            finally:
                turnstile.leave(target)
            waits.note(workspace_id)

        backlog = [_NOISY] * calls + list(_QUIET[:_SANDBOXED_QUIET])
        await asyncio.gather(*[call(workspace_id) for workspace_id in backlog])
        waits.end()
    return waits


async def _in_sandbox(calls: int) -> dict[str, Waits]:
    fair = Concurrency(memory_bytes=WORKERS * 64 * MIB, queue_limit=100_000, queue_wait_s=600.0)
    return {
        "fifo": await _sandboxed(Turnstile(), calls),
        "turnstile": await _sandboxed(Turnstile(fair), calls),
    }


def _ms(value_s: float) -> float | None:
    return rounded(value_s * 1000, 1)


def _rows(where: str, measured: dict[str, Waits]) -> Sequence[Row]:
    base = measured["fifo"]
    return [
        {
            "name": f"{where}_{name}",
            "quiet_p50_ms": _ms(median(waits.quiet)),
            "quiet_p99_ms": _ms(quantiles(waits.quiet, n=100)[98]),
            "noisy_max_ms": _ms(max(waits.noisy)),
            "total_ms": _ms(waits.total_s),
            "quiet_percent": rounded(100 * median(waits.quiet) / median(base.quiet), 1),
            "total_ratio": rounded(waits.total_s / base.total_s, 2),
        }
        for name, waits in measured.items()
    ]


def goals(rows: Sequence[Row]) -> Sequence[Goal]:
    """Return what is wanted of the fair rows that were measured."""
    wanted: list[Goal] = []
    by_name = {row["name"]: row for row in rows}
    for name in ("memory_soft_cap", "redis_soft_cap", "sandbox_turnstile"):
        row = by_name.get(name, {})
        for member, most, what in (
            ("quiet_percent", 5.0, "quiet callers wait at most 5 % of fifo's median"),
            ("total_ratio", 1.2, "all calls take at most 1.2 x fifo's time"),
        ):
            reached = row.get(member)
            factor = rounded(reached / most, 2) if isinstance(reached, (int, float)) else None
            wanted.append(Goal(f"{name}: {what}", factor))
    return wanted


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `calls` is the backlog of the noisy workspace."""

    calls: int | None = None
    redis: str | None = None


async def _run(calls: int, url: str | None) -> Report:
    rows = [*_rows("memory", await _in_memory(calls))]
    note = (
        "quiet % is the median wait of quiet callers against the first row of the same kind; in "
        "the sandbox rows they wait for the answer, and ten quiet workspaces make one call each"
    )
    notes = [note]
    if url is None:
        notes.append("no program of a Redis server was found, so turns on Redis are left out")
    else:
        rows += _rows("redis", await _on_redis(url, calls))
    rows += _rows("sandbox", await _in_sandbox(max(calls // _SANDBOXED_PER_CALL, WORKERS)))
    return Report("fairness", rows, notes, {"calls": calls}, goals(rows))


def run(options: Options) -> Report:
    """Measure and return the table; with no Redis given, on one of our own."""
    calls = options.calls or _DEFAULT_CALLS
    with own_redis() as own, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(calls, options.redis or own))
