"""The stored configuration under several processes, a kill, and texts that databases dislike."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update

from config.acknowledgement import Acknowledgement, AcknowledgementState, ProcessLabel
from config.stored import Change, HistoryEntry, StoredBody
from sanderling.kernel.clock import VirtualClock
from sanderling.store import Database, SQLConfigStore, open_database
from sanderling.store.schema import config_revisions
from support.records import START

ROOT = Path(__file__).parents[2]

APPEND = """
import asyncio, sys
from datetime import UTC, datetime
from config.errors import HeadMoved
from config.stored import HistoryEntry, StoredBody
from sanderling.store import SQLConfigStore, open_database

async def main():
    name, most = sys.argv[2], int(sys.argv[3])
    async with open_database(sys.argv[1]) as database:
        store = SQLConfigStore(database)
        while True:
            number = await store.read_head() + 1
            if number > most:
                break
            body = StoredBody(number, {name: str(number), "PADDING": "x" * 20_000})
            entry = HistoryEntry(number, datetime.now(UTC), name, "")
            try:
                await store.append(body, entry)
            except HeadMoved:
                print("lost", number, flush=True)
            else:
                print("kept", number, flush=True)

asyncio.run(main())
"""


@contextmanager
def appending(url: str, name: str, most: int) -> Generator[subprocess.Popen[str]]:
    """Yield a process that makes revisions as fast as it can; it is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", APPEND, url, name, str(most)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def said(process: subprocess.Popen[str]) -> Iterator[tuple[str, int]]:
    """Yield what the process says: whether it kept or lost which revision."""
    assert process.stdout is not None
    for line in process.stdout:
        word, number = line.split()
        yield word, int(number)


async def revisions(url: str) -> list[StoredBody]:
    """Return every body that is kept, and see that each has its entry and that none is torn."""
    async with open_database(url) as database:
        store = SQLConfigStore(database)
        entries = await store.list_history(limit=10**6)
        bodies = [await store.find_body(entry.revision) for entry in reversed(entries)]
    whole = [body for body in bodies if body is not None]
    assert len(whole) == len(entries)
    assert all(len(body.values["PADDING"]) == 20_000 for body in whole)
    return whole


@pytest.mark.slow
async def test_processes_that_append_at_once_never_overwrite(database_url: str) -> None:
    """Each revision is kept by exactly one of them, and the numbers have no gap."""
    with (
        appending(database_url, "ONE", 60) as one,
        appending(database_url, "TWO", 60) as two,
        appending(database_url, "THREE", 60) as three,
    ):
        kept = {
            name: [number for word, number in said(process) if word == "kept"]
            for name, process in {"ONE": one, "TWO": two, "THREE": three}.items()
        }

    found = await revisions(database_url)
    assert [body.revision for body in found] == list(range(1, 61))
    assert sorted(number for numbers in kept.values() for number in numbers) == list(range(1, 61))
    for name, numbers in kept.items():
        assert [body.revision for body in found if name in body.values] == numbers


@pytest.mark.slow
async def test_a_process_killed_during_a_change_leaves_whole_revisions(database_url: str) -> None:
    """What it said it kept is there, at most one more is, and another process goes on."""
    with appending(database_url, "ONE", 10**6) as process:
        last = next(number for _, number in said(process) if number >= 20)
        process.send_signal(signal.SIGKILL)
        last = max([last, *(number for _, number in said(process))])

    found = [body.revision for body in await revisions(database_url)]
    assert found[-1] in {last, last + 1}
    assert all(after == before + 1 for before, after in pairwise(found))
    async with open_database(database_url) as database:
        store = SQLConfigStore(database)
        head = await store.read_head()
        await store.append(StoredBody(head + 1, {}), HistoryEntry(head + 1, START, "next", ""))
        assert await store.read_body() == StoredBody(head + 1, {})


ODD_TEXTS = ["\0", "\ud800", "a\0b\ud800c", "'; DROP TABLE config_revisions; --", "ä" * 100_000]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
async def test_every_text_can_be_a_value(database: Database, text: str) -> None:
    """A setting that no column could hold is kept all the same, exactly."""
    store = SQLConfigStore(database)
    body = StoredBody(1, {"EMAIL_FROM_NAME": text})
    entry = HistoryEntry(1, START, "operator", "", (Change("EMAIL_FROM_NAME", None, text),))
    await store.append(body, entry)

    assert await store.read_body() == body
    assert await store.list_history(limit=1) == (entry,)


async def test_sentences_for_people_never_stand_in_the_way(database: Database) -> None:
    """What no column can hold in a reason becomes a mark; the change itself is kept."""
    store = SQLConfigStore(database)
    await store.append(StoredBody(1, {}), HistoryEntry(1, START, "operator\0", "why\0\udfff?"))

    (entry,) = await store.list_history(limit=1)

    assert entry.reason == "why\ufffd\ufffd?"
    assert entry.changed_by == "operator\ufffd"


async def test_hosts_may_disagree_about_the_time(postgres_url: str) -> None:
    """On PostgreSQL the age of a word is told by the one clock that all processes share."""
    label = ProcessLabel("p1", "serve", "host-1")
    word = Acknowledgement(label, 1, AcknowledgementState.APPLIED, 1)
    async with open_database(postgres_url) as database:
        wrong = SQLConfigStore(database, VirtualClock())
        await wrong.acknowledge(word)
        await SQLConfigStore(database).acknowledge(replace(word, process=replace(label, id="p2")))

        ages = [seen.age_s for seen in await wrong.list_acknowledgements()]

        assert all(0 <= age < 60 for age in ages)
        assert await wrong.reap(older_than_s=3600) == 0


@pytest.mark.parametrize(
    "body", ["{not json", "[]", "5", '{"LOG_LEVEL":5}', '{"A":null}', "", "[" * 100_000]
)
async def test_a_body_written_by_hand_that_is_no_body_is_damaged(
    database: Database, body: str
) -> None:
    """It is no defect of the process that reads it: settings in force stay, with a reason."""
    store = SQLConfigStore(database)
    await store.append(StoredBody(1, {"A": "1"}), HistoryEntry(1, START, "somebody", ""))
    async with database.write() as connection:
        await connection.execute(update(config_revisions).values(body=body))

    assert await store.read_body() == StoredBody(1, is_damaged=True)
    assert await store.find_body(1) == StoredBody(1, is_damaged=True)
