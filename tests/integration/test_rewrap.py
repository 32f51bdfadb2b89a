"""Sealing anew in a real database, with a process that is killed half-way."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.rewrap import Rewrapped, rewrap
from config.secrets import secret_place
from config.stored import HistoryEntry, StoredBody
from sanderling.store import SQLConfigStore, open_database
from sanderling.vault import AESGCMSealer, Keyring
from support.records import START

ROOT = Path(__file__).parents[2]
OLD = "an old secret that was in use: 1"
NEW = "the secret that came after it: 2"
PLACE = secret_place("EMAIL_SMTP_PASSWORD")
REVISIONS = 120

PROGRAM = """
import asyncio, sys
from config.rewrap import rewrap
from sanderling.store import SQLConfigStore, open_database
from sanderling.wiring.sealer import build_sealer

def tell(done):
    print(done.revisions, flush=True)

async def main():
    async with open_database(sys.argv[1]) as database:
        await rewrap(SQLConfigStore(database), build_sealer(sys.argv[2], [sys.argv[3]]), tell=tell)

asyncio.run(main())
"""


def sealer(secret: str, *previous: str) -> AESGCMSealer:
    """Return a sealer under these secrets."""
    return AESGCMSealer(Keyring.of(secret, previous), secrets.token_bytes)


def rewrap_and_kill(url: str) -> int:
    """Begin to seal anew in another process, kill it, and return how far it says that it got."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, NEW, OLD],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = next(int(line) for line in process.stdout if int(line) >= 10)
        process.send_signal(signal.SIGKILL)
        return max([told, *map(int, process.stdout)])


@pytest.mark.slow
async def test_a_rewrap_killed_half_way_is_taken_up_again(database_url: str) -> None:
    """Nothing is torn or lost: each revision is sealed with the one key or the other."""
    async with open_database(database_url) as database:
        store = SQLConfigStore(database)
        for number in range(1, REVISIONS + 1):
            body = StoredBody(number, {PLACE.row: sealer(OLD).seal(f"password {number}", PLACE)})
            await store.append(body, HistoryEntry(number, START, "operator", ""))
        told = await asyncio.to_thread(rewrap_and_kill, database_url)

        done = await rewrap(store, sealer(NEW, OLD))

        assert done.revisions == REVISIONS
        assert done.current in {told, told + 1}
        assert done.sealed == REVISIONS - done.current
        assert await rewrap(store, sealer(NEW)) == Rewrapped(REVISIONS, current=REVISIONS)
        bodies = [await store.find_body(number) for number in range(1, REVISIONS + 1)]
        values = [sealer(NEW).open(body.values[PLACE.row], PLACE) for body in bodies if body]
        assert values == [f"password {number}" for number in range(1, REVISIONS + 1)]
