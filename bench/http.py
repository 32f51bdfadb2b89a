"""One call over HTTP: key checked, four rules, sandboxed, recorded; beside its peers and a floor.

All rows are measured in turns of one run. The load has a process of its own, so that its work is
not counted as a server's; it shares the processors with them all the same.
"""

import json
import math
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO

from bench.load import Seen, Slice
from bench.processes import cpu_ns, tree_of
from bench.redis_server import own_redis
from bench.report import Goal, Report, Row, rounded
from bench.served import (
    PEER_KEY,
    Server,
    ServerFailedError,
    bare_server,
    floor_server,
    metric,
    monty_server,
    publish,
    sanderling_server,
)
from bench.workload import EVENT_JSON, RESULT

NAMES = (
    "floor",
    "asgi_inproc",
    "fastapi_monty_redis",
    "reuse_memory",
    "reuse_redis",
    "oneshot_memory",
    "oneshot_redis",
)

_ISOLATIONS = (("reuse", "function"), ("oneshot", "call"))
_CONNECTIONS = (1, 8, 64)
_ROUNDS = 5
_UNBOUNDED = 1_000_000_000
_WARM_UP_CALLS = 64
_WARM_UP_CONNECTIONS = 8
_MOST_SLICE_S = 60.0
_NO_REDIS = "no Redis server is installed here and --redis named none"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line; `calls` None means as many as the time allows."""

    seconds: float = 90.0
    calls: int | None = None
    redis: str | None = None


@dataclass(slots=True)
class Target:
    """One row: where requests go, and what was seen there."""

    name: str
    server: Server
    path: str
    headers: dict[str, str] = field(default_factory=dict[str, str])
    is_ours: bool = False
    rates: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    p50s_us: list[float] = field(default_factory=list[float])
    p99s_us: list[float] = field(default_factory=list[float])
    client_us: list[float] = field(default_factory=list[float])
    calls: int = 0
    cpu_ns: int = 0

    def piece(self, connections: int, seconds: float, calls: int) -> Slice:
        """Return the load of one turn."""
        return Slice(
            port=self.server.port,
            path=self.path,
            headers=self.headers,
            body=EVENT_JSON.decode(),
            connections=connections,
            seconds=seconds,
            calls=calls,
        )

    def note(self, connections: int, seen: Seen, used_ns: int) -> None:
        """Keep what one turn saw, and the CPU time that the server took for it."""
        self.calls += seen.calls
        self.cpu_ns += used_ns
        self.client_us.append(seen.cpu_us)
        self.rates.setdefault(connections, []).append(seen.calls_per_s)
        if connections == _CONNECTIONS[0]:
            self.p50s_us.append(seen.p50_us)
        elif connections == _CONNECTIONS[1]:
            self.p99s_us.append(seen.p99_us)


class _Loader:
    """The process that puts the load on."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._answers = answers

    def run(self, piece: Slice) -> Seen:
        """Run one slice; every answer must be a 200."""
        self._requests.write(json.dumps(asdict(piece)).encode() + b"\n")
        self._requests.flush()
        line = self._answers.readline()
        if not line:
            raise ServerFailedError("the process that puts the load on has ended")
        seen = Seen(**json.loads(line))
        if set(seen.statuses) != {"200"}:
            raise ServerFailedError(f"answers were {seen.statuses}: {seen.last_body[:500]}")
        return seen


@contextmanager
def _loader() -> Generator[_Loader]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None  # noqa: S101 - it was asked for.
        assert process.stdout is not None  # noqa: S101 - as above.
        yield _Loader(process.stdin, process.stdout)
        process.stdin.close()


def _ours(stack: ExitStack, folder: Path, redis_url: str | None) -> Sequence[Target]:
    """Return the rows of one server of ours, with its limits in memory or in Redis."""
    where = "memory" if redis_url is None else "redis"
    server, key = sanderling_server(folder / where, redis_url)
    stack.enter_context(server)
    headers = {"authorization": f"Bearer {key}"}
    return [
        Target(
            f"{word}_{where}",
            server,
            publish(server, key, name=f"bench-{word}", isolation=isolation),
            headers,
            is_ours=True,
        )
        for word, isolation in _ISOLATIONS
    ]


def _peers(stack: ExitStack, folder: Path, redis_url: str | None) -> Sequence[Target]:
    targets = [
        Target("floor", stack.enter_context(floor_server(folder)), "/call"),
        Target("asgi_inproc", stack.enter_context(bare_server(folder)), "/call"),
    ]
    if redis_url is not None and find_spec("pydantic_monty") is not None:
        server = stack.enter_context(monty_server(folder, redis_url))
        headers = {"authorization": f"Bearer {PEER_KEY}"}
        targets.append(Target("fastapi_monty_redis", server, "/call", headers))
    return targets


def _turn(loader: _Loader, target: Target, seconds: float, calls: int) -> None:
    warm_up = target.piece(_WARM_UP_CONNECTIONS, _MOST_SLICE_S, min(calls, _WARM_UP_CALLS))
    _check(target, loader.run(warm_up))
    for connections in _CONNECTIONS:
        before_ns = cpu_ns(tree_of([target.server.pid]))
        seen = loader.run(target.piece(connections, seconds, calls))
        target.note(connections, seen, cpu_ns(tree_of([target.server.pid])) - before_ns)


def _check(target: Target, seen: Seen) -> None:
    answer = json.loads(seen.last_body)
    result = answer["result"] if target.is_ours else answer
    if result != RESULT:
        raise ServerFailedError(f"{target.name} answered {seen.last_body[:500]}")


def _row(name: str, target: Target | None, floor: Target) -> Row:
    rates = {f"rps_c{count}": None for count in _CONNECTIONS}
    if target is None:
        return {
            "name": name,
            **rates,
            **dict.fromkeys(("p50_us_c1", "p99_us_c8", "cpu_us", "ratio")),
        }
    p50_us = median(target.p50s_us)
    return {
        "name": name,
        **{f"rps_c{count}": rounded(median(target.rates[count])) for count in _CONNECTIONS},
        "p50_us_c1": rounded(p50_us),
        "p99_us_c8": rounded(median(target.p99s_us)),
        "cpu_us": rounded(target.cpu_ns / target.calls / 1000),
        "ratio": rounded(p50_us / median(floor.p50s_us), 2),
    }


def goals(rows: Sequence[Row]) -> Sequence[Goal]:
    """Return what is wanted of the rows, and what they reached."""
    rps = {str(row["name"]): row["rps_c8"] for row in rows}
    peer = rps["fastapi_monty_redis"]
    fivefold = 5 * peer if isinstance(peer, (int, float)) else None
    wanted: Sequence[tuple[str, str, float | None]] = (
        ("reuse_memory serves 8,000 requests a second at c=8", "reuse_memory", 8_000),
        ("reuse_redis serves 5,000 requests a second at c=8", "reuse_redis", 5_000),
        ("reuse_redis serves 5 x fastapi_monty_redis at c=8", "reuse_redis", fivefold),
        ("oneshot_memory serves 1,000 requests a second at c=8", "oneshot_memory", 1_000),
    )
    return [Goal.at_least(what, most, rps[name]) for what, name, most in wanted]


def _notes(targets: Mapping[str, Target], redis_url: str | None) -> Sequence[str]:
    notes = [
        "ratio is p50 at c=1 against the floor; cpu_us is the server with all its processes",
        f"the load itself takes {_client_us(targets['floor']):.0f} us of CPU per request",
    ]
    if redis_url is None:
        missing = [name for name in NAMES if name.endswith("_redis")]
        notes.append(f"{', '.join(missing)} were not measured: {_NO_REDIS}")
    elif "fastapi_monty_redis" not in targets:
        notes.append("fastapi_monty_redis was not measured: pydantic-monty is not installed")
    return notes


def _alone(targets: Mapping[str, Target]) -> Sequence[str]:
    """Return a note when the server behind Redis decided by itself, as it does when Redis is away.

    Then its rows are those of a server that counts in memory, and mean nothing.
    """
    target = targets.get("reuse_redis")
    if target is None:
        return ()
    told = metric(target.server, "sanderling_rate_limit_decisions_total")
    alone = sum(count for labels, count in told.items() if 'scope="instance"' not in labels)
    share = alone / max(1.0, sum(told.values()))
    if not share:
        return ()
    return [f"{share:.1%} of the limits of the _redis rows were not counted in Redis"]


def _client_us(target: Target) -> float:
    return median(target.client_us)


def _measure(options: Options, folder: Path, redis_url: str | None) -> Report:
    rounds = _ROUNDS if options.calls is None else 1
    calls = math.ceil(options.calls / rounds) if options.calls else _UNBOUNDED
    with ExitStack() as stack:
        listed = [*_peers(stack, folder, redis_url), *_ours(stack, folder, None)]
        if redis_url is not None:
            listed += _ours(stack, folder, redis_url)
        loader = stack.enter_context(_loader())
        seconds = options.seconds / (rounds * len(listed) * len(_CONNECTIONS))
        for number in range(rounds):
            first = number % len(listed)
            for target in [*listed[first:], *listed[:first]]:
                _turn(loader, target, seconds, calls)
        targets = {target.name: target for target in listed}
        rows = [_row(name, targets.get(name), targets["floor"]) for name in NAMES]
        notes = [*_notes(targets, redis_url), *_alone(targets)]
    extra = {"client_us": rounded(_client_us(targets["floor"])), "seconds": options.seconds}
    return Report("http", rows, notes, extra, goals(rows))


def run(options: Options) -> Report:
    """Measure and return the table; takes about `options.seconds` and the start of the servers."""
    redis = own_redis() if options.redis is None else nullcontext(options.redis)
    with TemporaryDirectory() as folder, redis as redis_url:
        return _measure(options, Path(folder), redis_url)
