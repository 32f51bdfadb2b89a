"""Opens what keeps and runs queued calls: engine, turns, progress, and the rounds of healing."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from config.acknowledgement import ProcessLabel
from config.subscriber import Prepared
from config.variables import Settings
from drivers.limits import CEILINGS
from drivers.port import Health, HealthState
from runner.dispatch import Dispatch
from runner.executions.attendant import Leases
from runner.executions.joining import Ground, Joined, join
from runner.executions.progress import MemoryProgress, Progress
from runner.executions.reconciler import Rounds
from runner.gate import Gate
from runner.pipeline import Pipeline
from runner.ports import CallLog
from runner.record import Record
from runner.target import Targets
from sanderling.access.permission import Permissions
from sanderling.docket import DocketEngine, MemoryEngine
from sanderling.fairness.memory import MemoryTurns
from sanderling.kernel.clock import Clock
from sanderling.kernel.engine import Engine
from sanderling.kernel.events import EventBus
from sanderling.kernel.waiting import end_task
from sanderling.store import SQLExecutionStore, SQLIdempotencyKeys
from sanderling.wiring.concurrency import shares_of
from sanderling.wiring.configuration import label_process
from sanderling.wiring.foundation import Foundation

if TYPE_CHECKING:
    from sanderling.redis import RedisTurns

DRAIN_S = CEILINGS["wall_s"] + 5
"""An attempt may take its whole wall time after the signal to stop."""

_TOGETHER_S = 5.0
_ALONE_S = 1.0


@dataclass(frozen=True, slots=True)
class Stations:
    """The stations that every call passes, and what they tell."""

    gate: Gate
    targets: Targets
    dispatch: Dispatch
    record: Record
    pipeline: Pipeline
    call_log: CallLog
    permissions: Permissions
    bus: EventBus


@dataclass(frozen=True, slots=True)
class _Lines:
    """What processes tell one another by: whose turn it is, and how executions go."""

    turns: "MemoryTurns | RedisTurns"
    progress: Progress


@asynccontextmanager
async def open_consumption(
    settings: Settings, foundation: Foundation, *, label: ProcessLabel | None
) -> AsyncGenerator["Consumption"]:
    """Yield what runs queued calls, not yet entered; without a label it carries within itself.

    Raises:
        RedisURLRefused: the URL of Redis is not one.

    """
    clock = foundation.clock
    async with AsyncExitStack() as stack:
        lines = await stack.enter_async_context(_lines(settings, clock))
        engine = _engine(settings, clock, label)
        worker = (label or label_process("client")).id
        yield Consumption(settings, foundation, engine, lines, worker=worker)


@asynccontextmanager
async def _lines(settings: Settings, clock: Clock) -> AsyncGenerator[_Lines]:
    url, lease_s = _redis_url(settings), settings.executions_lease_ms / 1000
    if url is None:
        turns = MemoryTurns(shares_of(settings), clock, token=_token, lease_s=lease_s)
        yield _Lines(turns, MemoryProgress(clock))
        return
    from sanderling.redis import (  # noqa: PLC0415 - its library is slow to load.
        RedisProgress,
        RedisScript,
        RedisTurns,
        Sharing,
    )

    async with RedisProgress(url, clock=clock) as progress:
        script = RedisScript(url, "turns", clock=clock)
        shared = RedisTurns(script, shares_of(settings), clock, Sharing(_token), lease_s=lease_s)
        try:
            yield _Lines(shared, progress)
        finally:
            await shared.close()


def _token() -> str:
    return secrets.token_hex(8)


def _redis_url(settings: Settings) -> str | None:
    url = settings.redis_queue_url or settings.redis_url
    return url.get_secret_value() if url else None


def _engine(settings: Settings, clock: Clock, label: ProcessLabel | None) -> Engine:
    if label is None:
        return MemoryEngine(clock, drain_s=DRAIN_S)
    return DocketEngine(
        _redis_url(settings) or f"memory://{label.id}",
        worker=label.id,
        clock=clock,
        jitter=secrets.SystemRandom().random,
        drain_s=DRAIN_S,
        lease_s=settings.executions_lease_ms / 1000,
    )


def rounds_of(settings: Settings) -> Rounds:
    """Return how often rows are looked at."""
    every_ms = settings.executions_reconcile_interval_ms
    every_s = _ALONE_S if _redis_url(settings) is None else _TOGETHER_S
    return Rounds(every_s=every_s if every_ms is None else every_ms / 1000)


class Consumption:
    """Runs executions in this process, from `begin` on until it is left.

    Leaving takes up nothing new, and lets what runs finish within the time of the engine.
    """

    def __init__(
        self,
        settings: Settings,
        foundation: Foundation,
        engine: Engine,
        lines: _Lines,
        *,
        worker: str,
    ) -> None:
        """Prepare; `worker` names this process in the rows."""
        self._settings = settings
        self._foundation = foundation
        self.engine = engine
        self._lines = lines
        self._worker = worker
        self._task: asyncio.Task[None] | None = None
        self._is_left_to_others = False
        self._joined: Joined | None = None

    async def __aenter__(self) -> Self:
        """Begin to carry tickets; `join` was called before."""
        await self.engine.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop as told above."""
        self.rest()
        if self._task is not None:
            await end_task(self._task)
        await self.engine.__aexit__(kind, error, traceback)

    def join(self, stations: Stations) -> Joined:
        """Return the parts of executions, joined."""
        foundation = self._foundation
        ground = Ground(
            store=SQLExecutionStore(foundation.database),
            keys=SQLIdempotencyKeys(foundation.database),
            progress=self._lines.progress,
            turns=self._lines.turns,
            engine=self.engine,
            gate=stations.gate,
            targets=stations.targets,
            dispatch=stations.dispatch,
            record=stations.record,
            pipeline=stations.pipeline,
            call_log=stations.call_log,
            permissions=stations.permissions,
            ids=foundation.ids,
            clock=foundation.clock,
            bus=stations.bus,
            random=secrets.SystemRandom().random,
            worker=self._worker,
            leases=Leases.of(self._settings.executions_lease_ms / 1000),
        )
        joined = self._joined = join(ground, rounds=rounds_of(self._settings), on_wait=self.begin)
        return joined

    def begin(self) -> None:
        """Run what is due from now on; saying so again changes nothing."""
        if self._is_left_to_others:
            return
        if self._task is None and self._joined is not None:
            self.engine.consume(self._settings.executions_concurrency)
            self._task = asyncio.create_task(self._joined.reconciler.follow(), name="reconciler")

    def leave_to_others(self) -> None:
        """Run nothing here, also when somebody waits for it; said before `begin`."""
        self._is_left_to_others = True

    def rest(self) -> None:
        """Take up nothing new; what runs goes on."""
        self.engine.consume(0)
        if self._joined is not None:
            self._joined.attendant.stop()

    def hurry(self) -> None:
        """End what runs: it is run again, or nobody knows how far it got."""
        self.engine.hurry()

    def follow(self, settings: Settings) -> None:
        """Run as many, and look as often, as `settings` say."""
        self._settings = settings
        self._lines.turns.follow(shares_of(settings))
        if self._task is not None and self._joined is not None:
            self.engine.consume(settings.executions_concurrency)
            self._joined.reconciler.follow_rounds(rounds_of(settings))

    async def health(self) -> Health:
        """Say how the engine is."""
        engine = self.engine.health()
        numbers: dict[str, float] = {"running": engine.running, "places": engine.places}
        if engine.waiting is not None:
            numbers["tickets"] = engine.waiting
        state = HealthState.DEGRADED if engine.reasons else HealthState.OK
        return Health(state, engine.reasons, numbers)


class ExecutionsSubscriber:
    """Runs as many executions at once as the settings say, and looks at rows as often."""

    name = "executions"

    def __init__(self, follow: Callable[[Settings], None]) -> None:
        """Tell `follow` of new settings."""
        self._follow = follow

    def needs(self, settings: Settings) -> object:
        """Return the numbers."""
        return (settings.executions_concurrency, rounds_of(settings), shares_of(settings))

    async def prepare(self, settings: Settings) -> Prepared:
        """Prepare nothing: all are numbers."""

        async def nothing() -> None:
            """Give nothing back: nothing was taken."""

        return Prepared(lambda: self._follow(settings), nothing)
