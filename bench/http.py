"""One call over HTTP: key checked, four rules, sandboxed, recorded; beside a bare server."""

import json
import math
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO

from bench.load import Seen, Slice
from bench.processes import cpu_ns, pss_kib, tree_of
from bench.report import Report, Row, rounded
from bench.served import ServerFailedError, bare_server, publish, sanderling_server
from bench.workload import EVENT_JSON, RESULT

_CONNECTIONS = (1, 8, 64)
_ROUNDS = 5
_UNBOUNDED = 1_000_000_000
_WARM_UP_CALLS = 20


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line; `calls` None means as many as the time allows."""

    seconds: float = 60.0
    calls: int | None = None


@dataclass(slots=True)
class Target:
    """One row: where requests go, and what was seen there."""

    name: str
    port: int
    path: str
    pid: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    p50s_us: list[float] = field(default_factory=list[float])
    p99s_us: list[float] = field(default_factory=list[float])
    rates: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    calls: int = 0
    cpu_ns: int = 0

    def piece(self, connections: int, seconds: float, calls: int) -> Slice:
        """Return the load of one turn."""
        return Slice(
            port=self.port,
            path=self.path,
            headers=self.headers,
            body=EVENT_JSON.decode(),
            connections=connections,
            seconds=seconds,
            calls=calls,
        )


class _Loader:
    """The process that puts the load on, so that its work is not counted as the server's."""

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


def _targets(stack: ExitStack, folder: Path) -> Sequence[Target]:
    bare = stack.enter_context(bare_server(folder))
    ours, key = sanderling_server(folder)
    stack.enter_context(ours)
    headers = {"authorization": f"Bearer {key}"}
    return [
        Target("bare_starlette", bare.port, "/call", bare.pid),
        *(
            Target(
                f"serve_{word}",
                ours.port,
                publish(ours, key, name=f"bench-{word}", isolation=isolation),
                ours.pid,
                headers,
            )
            for word, isolation in (("reuse", "function"), ("oneshot", "call"))
        ),
    ]


def _turn(loader: _Loader, target: Target, seconds: float, calls: int) -> None:
    seen = loader.run(target.piece(1, 60.0, _WARM_UP_CALLS))
    _check(target, seen)
    for connections in _CONNECTIONS:
        before_ns = cpu_ns(tree_of([target.pid]))
        seen = loader.run(target.piece(connections, seconds, calls))
        target.cpu_ns += cpu_ns(tree_of([target.pid])) - before_ns
        target.calls += seen.calls
        target.rates.setdefault(connections, []).append(seen.calls_per_s)
        if connections == 1:
            target.p50s_us.append(seen.p50_us)
            target.p99s_us.append(seen.p99_us)


def _check(target: Target, seen: Seen) -> None:
    answer = json.loads(seen.last_body)
    result = answer if target.name.startswith("bare") else answer["result"]
    if result != RESULT:
        raise ServerFailedError(f"{target.name} answered {seen.last_body[:500]}")


def _row(target: Target, base: Target) -> Row:
    p50_us = median(target.p50s_us)
    return {
        "name": target.name,
        "p50_us": rounded(p50_us),
        "p99_us": rounded(median(target.p99s_us)),
        "ratio": rounded(p50_us / median(base.p50s_us), 2),
        **{f"calls_per_s_c{count}": rounded(median(target.rates[count])) for count in _CONNECTIONS},
        "cpu_us": rounded(target.cpu_ns / target.calls / 1000),
        "idle_kib": rounded(float(pss_kib(tree_of([target.pid])))),
    }


def run(options: Options) -> Report:
    """Measure and return the table; takes about `options.seconds` and the start of two servers."""
    rounds = _ROUNDS if options.calls is None else 1
    calls = math.ceil(options.calls / rounds) if options.calls else _UNBOUNDED
    with TemporaryDirectory() as folder, ExitStack() as stack:
        targets = _targets(stack, Path(folder))
        loader = stack.enter_context(_loader())
        seconds = options.seconds / (rounds * len(targets) * len(_CONNECTIONS))
        for number in range(rounds):
            for target in [*targets[number % 3 :], *targets[: number % 3]]:
                _turn(loader, target, seconds, calls)
        rows = [_row(target, targets[0]) for target in targets]
    note = "idle_kib is the whole server with its processes; both serve_ rows share one server"
    return Report("http", rows, [note])
