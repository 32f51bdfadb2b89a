"""Queued executions over HTTP: what keeping a call until it has an outcome costs, and returns.

Two ways to run Sanderling - one process with SQLite, two with PostgreSQL and Redis - beside the
same function called and waited for, and beside docket alone on tasks that do nothing. Recovery is
the time from the kill -9 of a process to the outcomes of all that it ran then, on functions that
may run again; `lease_s` is how long it had to be silent before it counted as gone.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from bench.load import Slice, put_load
from bench.postgres_server import own_postgres
from bench.redis_server import own_redis
from bench.report import Report, Row, rounded
from bench.served import Server, ServerFailedError, post, publish, sanderling_server
from bench.workload import EVENT_JSON

NAMES = ("call_and_wait", "docket_memory", "docket_redis", "embedded", "distributed")

_LEASE_S = 2.0
_PLACES = 10
_EVENT = json.loads(EVENT_JSON)
_SLOW = "slow"
_SLOW_SOURCE = """
import time

def handler(event, context):
    time.sleep(0.5)
    return event
"""
_QUEUED = {"prefer": "respond-async"}
_CELLS = ("enqueue_per_s", "drain_per_s", "one_p50_us", "one_p99_us", "recovery_s", "lease_s")
_WITHIN_S = 120.0
_SETTINGS = {
    "EXECUTIONS_CONCURRENCY": str(_PLACES),
    "EXECUTIONS_LEASE_MS": str(round(_LEASE_S * 1000)),
}


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `calls` None means as many as give steady figures."""

    calls: int | None = None

    @property
    def many(self) -> int:
        """How many executions are queued and drained."""
        return self.calls or 500

    @property
    def some(self) -> int:
        """How many are waited for one by one, or run while a process is killed."""
        return self.calls or 100


@dataclass(slots=True)
class Installation:
    """Servers that share a database; requests go to the first that lives."""

    servers: list[Server]
    key: str
    path: str = ""
    links: dict[int, HTTPConnection] = field(default_factory=dict[int, HTTPConnection])

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Return what the first living server answers."""
        port = self.living[0].port
        link = self.links.setdefault(port, HTTPConnection("127.0.0.1", port, timeout=_WITHIN_S))
        text = None if body is None else json.dumps(body)
        link.request(method, path, text, self.headers | headers)
        answer = link.getresponse()
        read = answer.read()
        if answer.status >= 400:  # noqa: PLR2004 - from there on it is an error.
            raise ServerFailedError(f"{method} {path}: {answer.status} {read[:500]!r}")
        return json.loads(read)

    @property
    def living(self) -> list[Server]:
        """The servers that run."""
        return [each for each in self.servers if each.process and each.process.poll() is None]

    @property
    def headers(self) -> dict[str, str]:
        """What every request says."""
        return {"authorization": f"Bearer {self.key}", "content-type": "application/json"}

    def queue(self) -> str:
        """Queue one execution and return its id."""
        queued: str = self.ask("POST", self.path, _EVENT, **_QUEUED)["id"]
        return queued

    def wait(self, execution_id: str) -> dict[str, Any]:
        """Return an execution once it is at its end."""
        ends = time.monotonic() + _WITHIN_S
        while True:
            shown: dict[str, Any] = self.ask("GET", f"/v1/executions/{execution_id}?wait_s=10")
            if shown["status"] not in ("waiting", "running"):
                return shown
            if time.monotonic() > ends:
                raise ServerFailedError(f"no outcome within {_WITHIN_S:g} seconds: {shown}")


@contextmanager
def _embedded(folder: Path) -> Generator[Installation]:
    server, key = sanderling_server(folder, **_SETTINGS)
    with server:
        yield _prepared(Installation([server], key))


@contextmanager
def _distributed(folder: Path, database: str, redis: str) -> Generator[Installation]:
    settings = {**_SETTINGS, "DATABASE_URL": database}
    server, key = sanderling_server(folder, redis, **settings)
    with server, Server(server.words, folder, server.environment) as other:
        yield _prepared(Installation([server, other], key))


def _prepared(installation: Installation) -> Installation:
    first, key = installation.servers[0], installation.key
    installation.path = publish(first, key, name="score", isolation="call")
    again = {"name": _SLOW, "source": _SLOW_SOURCE, "is_idempotent": True}
    post(first, key, "/v1/functions", again)
    post(first, key, f"/v1/functions/{_SLOW}/versions", {})
    # The first executions also start what is started lazily.
    for _ in range(_PLACES):
        installation.wait(installation.queue())
    return installation


def _bare(url: str, options: Options) -> dict[str, float]:
    words = [sys.executable, "-m", "bench.bare_docket", url, str(options.many)]
    done = subprocess.run(words, check=True, capture_output=True, timeout=_WITHIN_S)  # noqa: S603 - our own words.
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def _call_and_wait(installation: Installation, options: Options) -> dict[str, float]:
    """Measure the same function called and waited for, as often at once as executions run."""
    one, many = (
        put_load(
            Slice(
                port=installation.living[0].port,
                path=installation.path,
                headers={"authorization": f"Bearer {installation.key}"},
                body=EVENT_JSON.decode(),
                connections=connections,
                seconds=_WITHIN_S,
                calls=calls,
            )
        )
        for connections, calls in ((1, options.some), (_PLACES, options.many))
    )
    return {
        "enqueue_per_s": one.calls_per_s,
        "drain_per_s": many.calls_per_s,
        "one_p50_us": one.p50_us,
        "one_p99_us": one.p99_us,
    }


def _executions(installation: Installation, options: Options) -> dict[str, float]:
    took_us = list[float]()
    for _ in range(options.some):
        began = time.perf_counter()
        installation.wait(installation.queue())
        took_us.append((time.perf_counter() - began) * 1e6)
    began = time.perf_counter()
    ids = [installation.queue() for _ in range(options.many)]
    enqueued = time.perf_counter()
    _drain(installation, len(ids))
    return {
        "enqueue_per_s": len(ids) / (enqueued - began),
        "drain_per_s": _drained_per_s(installation, options),
        "one_p50_us": median(took_us),
        "one_p99_us": quantiles(took_us, n=100)[98] if len(took_us) > 1 else took_us[0],
        "recovery_s": _recovery_s(installation, options),
        "lease_s": _LEASE_S,
    }


def _drained_per_s(installation: Installation, options: Options) -> float:
    asked = [{"function": "score", "event": _EVENT}] * options.many
    began = time.perf_counter()
    installation.ask("POST", "/v1/executions", {"executions": asked})
    _drain(installation, options.many)
    return options.many / (time.perf_counter() - began)


def _drain(installation: Installation, count: int) -> None:
    """Return when nothing waits or runs; `count` is how much was asked for."""
    ends = time.monotonic() + _WITHIN_S
    while time.monotonic() < ends:
        shown = [
            installation.ask("GET", f"/v1/executions?status={status}&limit=1")["items"]
            for status in ("waiting", "running")
        ]
        if not any(shown):
            return
        time.sleep(0.01)
    raise ServerFailedError(f"{count} executions were not done within {_WITHIN_S:g} seconds")


def _recovery_s(installation: Installation, options: Options) -> float:
    """Return how long outcomes took of what a process ran when it was killed."""
    asked = [{"function": _SLOW, "event": number} for number in range(options.some)]
    installation.ask("POST", "/v1/executions", {"executions": asked})
    while not _running(installation):
        time.sleep(0.01)
    time.sleep(_LEASE_S / 10)
    ids = _running(installation)
    victim = installation.living[-1]
    os.kill(victim.pid, signal.SIGKILL)
    killed = time.perf_counter()
    if not installation.living[1:]:
        assert victim.process is not None  # noqa: S101 - it ran just now.
        victim.process.wait()
        # A supervisor would start it again at once.
        installation.links.clear()
        victim.__enter__()
    for execution_id in ids:
        installation.wait(execution_id)
    took_s = time.perf_counter() - killed
    _drain(installation, options.some)
    return took_s


def _running(installation: Installation) -> list[str]:
    page = installation.ask("GET", f"/v1/executions?status=running&limit={2 * _PLACES}")
    return [shown["id"] for shown in page["items"]]


def run(options: Options) -> Report:
    """Measure and return the table; takes about a minute."""
    seen: dict[str, dict[str, float]] = {}
    notes: list[str] = []
    with TemporaryDirectory() as folder, ExitStack() as stack:
        redis, database = stack.enter_context(own_redis()), stack.enter_context(own_postgres())
        seen["docket_memory"] = _bare("memory://bench", options)
        with _embedded(Path(folder) / "embedded") as installation:
            seen["call_and_wait"] = _call_and_wait(installation, options)
            seen["embedded"] = _executions(installation, options)
        if redis is None:
            notes.append("docket_redis and distributed were not measured: no Redis is installed")
        else:
            seen["docket_redis"] = _bare(redis, options)
        if redis is not None and database is not None:
            with _distributed(Path(folder) / "distributed", database, redis) as installation:
                seen["distributed"] = _executions(installation, options)
        elif redis is not None:
            notes.append("distributed was not measured: no PostgreSQL is installed")
    rows = [_row(name, seen.get(name, {})) for name in NAMES]
    return Report("engine", rows, notes)


def _row(name: str, measured: Mapping[str, float]) -> Row:
    return {"name": name, **{cell: rounded(measured.get(cell), 2) for cell in _CELLS}}
