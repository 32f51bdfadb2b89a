"""How long a changed setting takes to be in force in every process of an instance."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench.report import Report, rounded
from bench.served import Server, ServerFailedError
from sanderling.client import Sanderling
from sanderling.store import SQLConfigStore, open_database

_PROCESSES = 3
_CHANGES = 100
_LOOK_EVERY_S = 0.005
_WITHIN_S = 15.0
_FIXED = {
    "APP_SECRET": "only-for-benchmarks-0123456789-abcdef",
    "SERVERLESS_TYPE": "DISABLED",
    "API_RATE_LIMITING_SHORT_LIMIT": "10000000",
    "API_RATE_LIMITING_LONG_LIMIT": "10000000",
}


@dataclass(frozen=True, slots=True)
class Options:
    """Where settings are kept and what carries hints; by default a SQLite file."""

    changes: int | None = None
    database_url: str | None = None
    redis_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    """One change, in nanoseconds from before it was asked for."""

    answered_ns: int
    everywhere_ns: int


def run(options: Options) -> Report:
    """Measure and return the table: until a change is kept, and until every process runs by it."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        environment = _environment(folder, options)
        key = _init(environment)
        servers = [
            stack.enter_context(Server(["-m", "sanderling.cli", "serve"], folder, environment))
            for _ in range(_PROCESSES)
        ]
        url = options.database_url or f"sqlite:///{folder / 'home' / 'sanderling.db'}"
        changes = asyncio.run(
            _measure(f"http://127.0.0.1:{servers[0].port}", key, url, options.changes or _CHANGES)
        )
    kind = "sqlite" if options.database_url is None else "postgresql"
    carrier = " and redis" if options.redis_url and options.database_url else ""
    rows = [
        _row(f"answered, {kind}{carrier}", [change.answered_ns for change in changes]),
        _row(f"everywhere, {kind}{carrier}", [change.everywhere_ns for change in changes]),
    ]
    note = (
        f"{len(changes)} changes over HTTP; everywhere is when {_PROCESSES} processes have said "
        "that they run by it"
    )
    return Report("config", rows, [note], {"changes": len(changes), "processes": _PROCESSES})


def _environment(folder: Path, options: Options) -> dict[str, str]:
    environment = {"SANDERLING_HOME": str(folder / "home"), **_FIXED}
    if options.database_url is not None:
        environment["DATABASE_URL"] = options.database_url
    if options.redis_url is not None:
        environment["REDIS_URL"] = options.redis_url
    return environment


def _init(environment: Mapping[str, str]) -> str:
    _command(environment, "init")
    made = _command(environment, "keys", "create", "bench", "--server-admin")
    key: str = json.loads(made)["key"]
    return key


def _command(environment: Mapping[str, str], *words: str) -> bytes:
    done = subprocess.run(  # noqa: S603 - our own words.
        [sys.executable, "-m", "sanderling.cli", *words, "--json"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ServerFailedError(done.stderr.decode(errors="replace"))
    return done.stdout


async def _measure(server: str, key: str, database_url: str, count: int) -> list[_Change]:
    async with (
        Sanderling(server, key=key) as client,
        open_database(database_url) as database,
    ):
        store = SQLConfigStore(database)
        await _everywhere(store, 0)
        changes: list[_Change] = []
        for number in range(count):
            began_ns = time.perf_counter_ns()
            made = await client.settings.change({"EMAIL_FROM_NAME": f"bench {number}"})
            answered_ns = time.perf_counter_ns() - began_ns
            await _everywhere(store, made.revision)
            changes.append(_Change(answered_ns, time.perf_counter_ns() - began_ns))
        return changes


async def _everywhere(store: SQLConfigStore, revision: int) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while True:
            words = await store.list_acknowledgements()
            if sum(word.acknowledgement.in_force >= revision for word in words) >= _PROCESSES:
                return
            await asyncio.sleep(_LOOK_EVERY_S)


def _row(name: str, times_ns: list[int]) -> dict[str, str | float | None]:
    p99_ns = quantiles(times_ns, n=100)[98] if len(times_ns) > 1 else times_ns[0]
    return {
        "name": name,
        "p50_us": rounded(median(times_ns) / 1000),
        "p99_us": rounded(p99_ns / 1000),
    }
