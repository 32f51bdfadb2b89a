"""One decision of the rate limiter: in this process, and in a Redis that all share."""

import asyncio
import math
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import uvloop

from bench.processes import own_cpu_ns
from bench.report import Report, Row, rounded
from sanderling.cli.screen import log_quietly
from sanderling.kernel.clock import SystemClock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Rule
from sanderling.redis import RedisLimiter
from sanderling.redis.errors import RedisAwayError

_ROUNDS = 10
_SHARE_NS = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """One row: how many rules a decision asks, of how many callers, and whether they admit."""

    name: str
    rules: int
    keys: int
    burst: int = 1_000_000


CASES = (
    Case("one_rule", rules=1, keys=1),
    Case("three_rules", rules=3, keys=1),
    Case("three_rules_refused", rules=3, keys=1, burst=1),
    Case("three_rules_10000_callers", rules=3, keys=10_000),
)


_AT_ONCE = 64
_ANSWER_S = 5.0
REDIS_CASES = (
    Case("redis_one_rule", rules=1, keys=1),
    Case("redis_three_rules", rules=3, keys=1),
)


def _rules(case: Case) -> Sequence[Sequence[Rule]]:
    return [
        [
            Rule(f"rule-{number}", f"rule-{number}:ws_{key}", case.burst, 60_000_000)
            for number in range(case.rules)
        ]
        for key in range(case.keys)
    ]


async def _dictionary(calls: int) -> list[float]:
    """Return nanoseconds per step of the least that any limiter must do: find and store."""
    marks: dict[str, int] = {}
    took_ns: list[float] = []

    async def step(key: str, now_us: int) -> bool:
        marks[key] = max(marks.get(key, 0), now_us) + 1
        return True

    for _ in range(_ROUNDS):
        began_ns = time.perf_counter_ns()
        for _ in range(calls):
            await step("rule:ws_0", time.monotonic_ns() // 1000)
        took_ns.append((time.perf_counter_ns() - began_ns) / calls)
    return took_ns


async def _measure(case: Case, calls: int) -> tuple[float, float, float]:
    limiter = MemoryLimiter(SystemClock())
    rules = _rules(case)
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took_ns: list[float] = []
    cpu_before_ns = own_cpu_ns()
    for _ in range(_ROUNDS):
        began_ns = time.perf_counter_ns()
        for number in range(calls):
            await limiter.acquire(rules[number % case.keys])
        took_ns.append((time.perf_counter_ns() - began_ns) / calls)
    cpu_us = (own_cpu_ns() - cpu_before_ns) / (calls * _ROUNDS) / 1000
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before
    return median(took_ns), cpu_us, grown_kib / case.keys


async def _ask_redis(
    limiter: RedisLimiter, case: Case, calls: int, *, at_once: int
) -> tuple[float, float]:
    """Return nanoseconds of time and microseconds of this process for each of many decisions."""
    (rules,) = _rules(case)
    asked = tuple(rules)
    per_caller = math.ceil(calls / at_once)

    async def caller() -> None:
        for _ in range(per_caller):
            await limiter.acquire(asked)

    took_ns: list[float] = []
    cpu_before_ns = own_cpu_ns()
    for _ in range(_ROUNDS):
        began_ns = time.perf_counter_ns()
        await asyncio.gather(*[caller() for _ in range(at_once)])
        took_ns.append((time.perf_counter_ns() - began_ns) / (per_caller * at_once))
    cpu_us = (own_cpu_ns() - cpu_before_ns) / (per_caller * at_once * _ROUNDS) / 1000
    return median(took_ns), cpu_us


async def _redis_rows(url: str, calls: int, base_ns: float) -> list[Row]:
    log_quietly()
    rows: list[Row] = []
    async with RedisLimiter(
        url, clock=SystemClock(), jitter=lambda: 0.5, answer_s=_ANSWER_S
    ) as limiter:
        if limiter.statistics().is_away:
            raise RedisAwayError(reason=limiter.why_away)
        for case in REDIS_CASES:
            for at_once in (1, _AT_ONCE):
                p50_ns, cpu_us = await _ask_redis(limiter, case, calls, at_once=at_once)
                rows.append(_row(f"{case.name}_c{at_once}", p50_ns, base_ns, cpu_us, None))
    return rows


async def _run(calls: int, redis_url: str | None) -> Report:
    base_ns = median(await _dictionary(calls))
    rows: list[Row] = [_row("dictionary", base_ns, base_ns, None, None)]
    for case in CASES:
        p50_ns, cpu_us, kib = await _measure(case, calls)
        rows.append(_row(case.name, p50_ns, base_ns, cpu_us, kib if case.keys > 1 else None))
    if redis_url is not None:
        rows += await _redis_rows(redis_url, max(_AT_ONCE, calls // 10), base_ns)
    return Report("limiter", rows, (), {"calls": calls * _ROUNDS * (len(CASES) + 1)})


def _row(name: str, p50_ns: float, base_ns: float, cpu_us: float | None, kib: float | None) -> Row:
    return {
        "name": name,
        "p50_us": rounded(p50_ns / _SHARE_NS, 3),
        "ratio": rounded(p50_ns / base_ns, 2),
        "calls_per_s_c1": rounded(1e9 / p50_ns),
        "calls_per_s_c8": None,
        "cpu_us": rounded(cpu_us, 3),
        "idle_kib": rounded(kib, 2),
    }


def run(calls: int | None = None, redis_url: str | None = None) -> Report:
    """Measure and return the table; `calls` counts the decisions of each row.

    With the URL of a Redis it has rows for one caller there and for 64 at once.
    """
    per_round = 20_000 if calls is None else math.ceil(calls / _ROUNDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(per_round, redis_url))
