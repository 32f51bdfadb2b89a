"""What a killed process leaves behind."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from runner.call_filter import CallFilter
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import CallId
from sanderling.store import SQLCallLog, open_database
from support.records import HERE, START, a_record

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, sys, time
from sanderling.kernel.clock import SystemClock
from sanderling.store import SQLCallLog, open_database
from support.records import a_record

def say(word):
    print(word, flush=True)

async def main():
    async with open_database(sys.argv[1]) as database, SQLCallLog(database, SystemClock()) as log:
        await {script}(log)

async def hang_with_some_written(log):
    for number in range(700):
        log.record_nowait(a_record(after_s=number))
    await log.flush()
    for number in range(300):
        log.record_nowait(a_record(after_s=1000 + number))
    say("ready")
    time.sleep(600)  # The loop stands still: nothing more can be written.

async def record_without_end(log):
    number = 0
    while True:
        for _ in range(20):
            log.record_nowait(a_record(after_s=number))
            number += 1
        say(number)
        await asyncio.sleep(0.001)

asyncio.run(main())
"""


@contextmanager
def running(script: str, url: str) -> Generator[subprocess.Popen[str]]:
    """Yield a process that records calls, killed at the end if it still lives."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("{script}", script), url],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def read_line(process: subprocess.Popen[str]) -> str:
    """Return the next word that the process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def numbers(url: str) -> list[float]:
    """Return, oldest first, which records are kept, by the second that each started at."""
    async with open_database(url) as database:
        log = SQLCallLog(database, SystemClock())
        page = await log.list_calls(HERE, matching=CallFilter(), limit=10**6, cursor=None)
    return [(record.started_at - START).total_seconds() for record in reversed(page.rows)]


@pytest.mark.slow
async def test_a_killed_process_loses_only_what_was_not_yet_written(database_url: str) -> None:
    """What a batch wrote is there to the last record; what waited is gone; nothing is torn."""
    with running("hang_with_some_written", database_url) as process:
        assert read_line(process) == "ready"

    assert list(range(700)) == await numbers(database_url)


@pytest.mark.slow
async def test_a_process_killed_at_any_moment_leaves_no_gap(database_url: str) -> None:
    """Records are kept in order: up to some record all are there, and after it none."""
    with running("record_without_end", database_url) as process:
        while int(read_line(process)) < 3000:
            pass

    kept = await numbers(database_url)
    assert kept == list(range(len(kept)))
    assert kept


@pytest.mark.slow
async def test_a_file_that_was_left_by_a_killed_process_is_sound(sqlite_url: str) -> None:
    """The file is whole, and the next process goes on with it."""
    with running("record_without_end", sqlite_url) as process:
        while int(read_line(process)) < 1000:
            pass

    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    before = await numbers(sqlite_url)
    async with open_database(sqlite_url) as database, SQLCallLog(database, SystemClock()) as log:
        log.record_nowait(replace(a_record(after_s=10**6), id=CallId("call_next")))
    assert [*before, 10**6] == await numbers(sqlite_url)
