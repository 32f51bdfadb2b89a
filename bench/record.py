"""What keeping the record of a call costs: on the call's path, and in CPU time in all."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import uvloop

from bench.processes import own_cpu_ns
from bench.report import Report, Row, rounded
from bench.workload import EVENT_JSON
from drivers.port import Isolation, Outcome, OutcomeKind
from runner.call import CallRecord, Trigger
from runner.memory import MemoryCallLog
from runner.ports import CallLog
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import FunctionId, SortableIds, WorkspaceId
from sanderling.store import (
    SQLCallLog,
    SQLWorkspaces,
    migrate,
    open_database,
)

_ROUNDS = 10
_ARRIVE_TOGETHER = 25
_DEFAULT_CALLS = 20_000


@dataclass(frozen=True, slots=True)
class _Cost:
    """Medians over rounds: nanoseconds on the path of a call, and CPU nanoseconds in all."""

    path_ns: float
    cpu_ns: float
    kept_per_s: float


class _Records:
    """Makes records that differ only in what a log needs to tell them apart."""

    def __init__(self, workspace_id: WorkspaceId) -> None:
        self._clock = SystemClock()
        self._ids = SortableIds(self._clock)
        self._workspace_id = workspace_id
        self._outcome = Outcome(
            OutcomeKind.OK,
            driver="local",
            duration_s=0.0002,
            result_json=b'{"id":"order-2026-11-0000042","total":20825}',
            logs="fit 42, engagement 45, grade A\n",
            cpu_s=0.0001,
            memory_bytes=12_000_000,
            isolation=Isolation.CALL,
            layers=("language", "process", "rlimits", "credentials", "landlock", "seccomp"),
        )

    def make(self, count: int) -> list[CallRecord]:
        """Return `count` new records."""
        return [
            CallRecord(
                id=self._ids.call(),
                workspace_id=self._workspace_id,
                function_id=FunctionId("fn_bench"),
                function_name="score-lead",
                version=3,
                digest="d" * 64,
                trigger=Trigger.API,
                key_id=None,
                request_id=self._ids.request(),
                started_at=self._clock.now(),
                event_json=EVENT_JSON,
                outcome=self._outcome,
            )
            for _ in range(count)
        ]


async def _fill(
    log: CallLog, records: _Records, calls: int, settle: Callable[[], Awaitable[None]]
) -> _Cost:
    path_ns: list[float] = []
    cpu_ns: list[float] = []
    rates: list[float] = []
    for _ in range(_ROUNDS):
        batch = records.make(calls)
        began, cpu_began_ns, on_path_ns = time.perf_counter(), own_cpu_ns(), 0
        for first in range(0, calls, _ARRIVE_TOGETHER):
            arrived_ns = time.perf_counter_ns()
            for record in batch[first : first + _ARRIVE_TOGETHER]:
                log.record_nowait(record)
            on_path_ns += time.perf_counter_ns() - arrived_ns
            # Calls come and go; between them the loop is free to write.
            await asyncio.sleep(0)
        await settle()
        path_ns.append(on_path_ns / calls)
        cpu_ns.append((own_cpu_ns() - cpu_began_ns) / calls)
        rates.append(calls / (time.perf_counter() - began))
    return _Cost(median(path_ns), median(cpu_ns), median(rates))


async def _in_memory(calls: int) -> _Cost:
    async def settle() -> None:
        """Memory has nothing to wait for."""

    return await _fill(MemoryCallLog(), _Records(WorkspaceId("ws_bench")), calls, settle)


async def _in_sqlite(folder: str, calls: int) -> _Cost:
    async with open_database(f"sqlite:///{Path(folder) / 'bench.db'}") as database:
        await migrate(database)
        workspace_id = await SQLWorkspaces(database).ensure_default()
        async with SQLCallLog(database, SystemClock()) as log:
            return await _fill(log, _Records(workspace_id), calls, log.flush)


async def _run(calls: int) -> Report:
    memory = await _in_memory(calls)
    with TemporaryDirectory() as folder:
        sqlite = await _in_sqlite(folder, calls)
    rows = [_row("memory", memory, memory), _row("sqlite", sqlite, memory)]
    note = "p50_us is what the call waits for; cpu_us counts the writing too, however late it is"
    return Report("record", rows, [note], {"calls": 2 * calls * _ROUNDS})


def _row(name: str, cost: _Cost, base: _Cost) -> Row:
    return {
        "name": name,
        "p50_us": rounded(cost.path_ns / 1000, 2),
        "ratio": rounded(cost.path_ns / base.path_ns, 2),
        "calls_per_s_c1": rounded(cost.kept_per_s),
        "calls_per_s_c8": None,
        "cpu_us": rounded(cost.cpu_ns / 1000, 2),
        "idle_kib": None,
    }


def run(calls: int | None = None) -> Report:
    """Measure and return the table; `calls` counts the records of each row."""
    per_round = math.ceil((calls or _DEFAULT_CALLS) / _ROUNDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(per_round))
