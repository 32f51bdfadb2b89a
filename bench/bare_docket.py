"""Docket alone, on tasks that do nothing: `python -m bench.bare_docket URL TASKS`.

Prints one JSON object. It is what an execution would cost if it were no execution: no row, no
turn, no sandbox, no record.
"""

import asyncio
import json
import logging
import sys
import time
from datetime import timedelta
from statistics import median, quantiles

import uvloop
from docket import Docket, Worker

_PLACES = 10
_LOOK_EVERY = timedelta(milliseconds=25)
_ASKED_ONE_BY_ONE = 50


async def _measure(url: str, tasks: int) -> dict[str, float]:
    done = asyncio.Event()
    left = tasks

    async def nothing() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            done.set()

    async with Docket(name="bench:docket", url=url, execution_ttl=timedelta(0)) as docket:
        docket.register(nothing)
        began = time.perf_counter()
        for number in range(tasks):
            await docket.add(nothing, key=f"task-{number}")()
        enqueued = time.perf_counter()
        worker = Worker(docket, concurrency=_PLACES, minimum_check_interval=_LOOK_EVERY)
        async with worker:
            running = asyncio.create_task(worker.run_forever())
            await done.wait()
            drained = time.perf_counter()
            took_us = list[float]()
            for number in range(_ASKED_ONE_BY_ONE):
                done.clear()
                asked = time.perf_counter()
                await docket.add(nothing, key=f"one-{number}")()
                await done.wait()
                took_us.append((time.perf_counter() - asked) * 1e6)
            running.cancel()
            await asyncio.wait({running})
    return {
        "enqueue_per_s": tasks / (enqueued - began),
        "drain_per_s": tasks / (drained - enqueued),
        "one_p50_us": median(took_us),
        "one_p99_us": quantiles(took_us, n=100)[98],
    }


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_measure(sys.argv[1], int(sys.argv[2])))))
