"""Puts HTTP load on a server, from a process of its own: `python -m bench.load`.

Reads one JSON object per line, runs that slice, answers with one JSON object per line. Each
connection is kept alive and sends its next request when the answer to the last one is complete.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from statistics import median
from typing import cast

import httptools
import uvloop

_ANSWER_S = 30.0


@dataclass(frozen=True, slots=True)
class Slice:
    """One piece of load; it ends with its calls or its seconds, whichever is first."""

    port: int
    path: str
    headers: dict[str, str]
    body: str
    connections: int
    seconds: float
    calls: int

    @property
    def request(self) -> bytes:
        """The bytes of one request."""
        body = self.body.encode()
        lines = [f"POST {self.path} HTTP/1.1", f"host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back; statuses are counted by their number."""

    calls: int
    p50_us: float
    p99_us: float
    calls_per_s: float
    statuses: dict[str, int]
    last_body: str


class _Connection(asyncio.Protocol):
    def __init__(self, piece: Slice, load: "_Load") -> None:
        self._request = piece.request
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._began_ns = 0
        self._transport: asyncio.WriteTransport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not say that they are what they are.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def _send(self) -> None:
        if not self._load.take():
            self._transport.close()
            return
        self._began_ns = time.perf_counter_ns()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        took_ns = time.perf_counter_ns() - self._began_ns
        self._load.note(took_ns, self._parser.get_status_code(), b"".join(self._body))
        self._body.clear()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it.
        if not self.done.done():
            self.done.set_result(None)


class _Load:
    def __init__(self, piece: Slice) -> None:
        self._ends = time.perf_counter() + piece.seconds
        self._left = piece.calls
        self.took_ns: list[int] = []
        self.statuses: Counter[str] = Counter()
        self.last_body = b""

    def take(self) -> bool:
        if self._left <= 0 or time.perf_counter() >= self._ends:
            return False
        self._left -= 1
        return True

    def note(self, took_ns: int, status: int, body: bytes) -> None:
        self.took_ns.append(took_ns)
        self.statuses[str(status)] += 1
        self.last_body = body


async def put_load(piece: Slice) -> Seen:
    """Run one slice and return what was seen."""
    load = _Load(piece)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    connections: list[_Connection] = []
    for _ in range(piece.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(piece, load), "127.0.0.1", piece.port
        )
        connections.append(connection)
    async with asyncio.timeout(piece.seconds + _ANSWER_S):
        await asyncio.gather(*(connection.done for connection in connections))
    took_s = time.perf_counter() - began
    ordered = sorted(load.took_ns) or [0]
    return Seen(
        calls=len(load.took_ns),
        p50_us=median(ordered) / 1000,
        p99_us=ordered[len(ordered) * 99 // 100] / 1000,
        calls_per_s=len(load.took_ns) / took_s,
        statuses=dict(load.statuses),
        last_body=load.last_body.decode(errors="replace"),
    )


def main() -> None:
    """Serve slices until standard input ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            seen = runner.run(put_load(Slice(**json.loads(line))))
            print(json.dumps(asdict(seen)), flush=True)


if __name__ == "__main__":
    main()
