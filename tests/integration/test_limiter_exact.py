"""Four processes with eight callers each admit exactly what one limit allows."""

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest

from support.redis import RedisServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROCESSES = 4
SEEDS = range(20)
LIMIT = 1000
PERIOD_US = 60_000_000

CALLERS = """
import asyncio, json, sys
from random import Random

import uvloop

from sanderling.metering.ports import (Rule)
from sanderling.cli.screen import log_quietly
from sanderling.kernel.clock import SystemClock
from sanderling.redis import RedisLimiter

CALLERS, REQUESTS = 8, 40

async def main(url, number, limit, period_us):
    log_quietly()
    lines = []
    limiter = RedisLimiter(url, clock=SystemClock(), jitter=lambda: 0.5, answer_s=20.0)
    ask = limiter._link.ask

    def listen(command):
        # What Redis itself says of each decision: whether, and when on its own clock.
        answer = ask(command)
        answer.add_done_callback(lambda done: lines.append(done.result()))
        return answer

    limiter._link.ask = listen

    async def caller(rules, random):
        for _ in range(REQUESTS):
            await limiter.acquire(rules)
            if random.random() < 0.3:
                await asyncio.sleep(random.random() / 500)

    async with limiter:
        print("ready", flush=True)
        while seed := (await asyncio.to_thread(sys.stdin.readline)).strip():
            rules = (
                Rule("limited", f"limited:{seed}", limit, period_us, tag=seed),
                Rule("wide", f"wide:{seed}", 2**26, period_us, tag=seed),
            )
            randoms = [Random(f"{seed}:{number}:{index}") for index in range(CALLERS)]
            await asyncio.gather(*[caller(rules, random) for random in randoms])
            told = [line.split() for line in lines]
            lines.clear()
            print(json.dumps([(int(now), flag == b"+1") for flag, now, *_ in told]), flush=True)
        assert set(limiter.statistics().decisions) == {"instance"}

url, *numbers = sys.argv[1:]
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main(url, *map(int, numbers)))
"""


class Process:
    """One process with its callers, who all begin when it is told a seed."""

    def __init__(self, running: "subprocess.Popen[str]") -> None:
        """Speak to a process."""
        assert running.stdin is not None
        assert running.stdout is not None
        self._in: IO[str] = running.stdin
        self._out: IO[str] = running.stdout

    def tell(self, text: str) -> None:
        """Say one line."""
        self._in.write(f"{text}\n")
        self._in.flush()

    def hear(self) -> str:
        """Return the next line."""
        return self._out.readline().strip()


@contextmanager
def a_process(url: str, number: int) -> Generator[Process]:
    """Yield a process that is connected; it has to end well."""
    words = [sys.executable, "-c", CALLERS, url, str(number), str(LIMIT), str(PERIOD_US)]
    with subprocess.Popen(
        words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        try:
            process = Process(running)
            assert process.hear() == "ready"
            yield process
            process.tell("")
            assert running.wait(30) == 0
        finally:
            running.kill()


def decisions_of(processes: Sequence[Process], seed: int) -> list[tuple[int, bool]]:
    """Return every decision of every process, in the order of Redis's clock."""
    for process in processes:
        process.tell(f"seed-{seed}")
    told = [json.loads(process.hear()) for process in processes]
    return sorted((now_us, is_admitted) for each in told for now_us, is_admitted in each)


def allowed(times_us: Sequence[int]) -> int:
    """Return how many of these requests fit, by a bucket that leaks, in whole numbers.

    It holds `LIMIT` requests of `PERIOD_US` drops each and loses `LIMIT` drops a microsecond.
    """
    drops, before_us, fitted = 0, times_us[0], 0
    for now_us in times_us:
        drops = max(0, drops - (now_us - before_us) * LIMIT)
        before_us = now_us
        if drops + PERIOD_US <= LIMIT * PERIOD_US:
            drops += PERIOD_US
            fitted += 1
    return fitted


def test_exactly_the_limit_is_admitted(redis: RedisServer) -> None:
    """Over all processes the burst is admitted and what refilled, and not one request more."""
    redis.flush()
    with ExitStack() as stack:
        processes = [
            stack.enter_context(a_process(redis.url, number)) for number in range(PROCESSES)
        ]
        for seed in SEEDS:
            seen = decisions_of(processes, seed)
            times_us = [now_us for now_us, _ in seen]

            admitted = sum(is_admitted for _, is_admitted in seen)

            assert len(seen) == PROCESSES * 8 * 40
            assert allowed(times_us) == admitted
            assert LIMIT <= admitted <= LIMIT + (times_us[-1] - times_us[0]) * LIMIT // PERIOD_US
