"""Puts HTTP load on a server, from a process of its own: `python -m bench.load`.

Reads one JSON object per line, runs that slice, answers with one JSON object per line. Each
connection is kept alive and sends its next request when the answer to the last one is complete.

The load shares two processors with what it measures, so it does as little as it can: blocking
sockets behind one epoll, no parser, no event loop. What it costs all the same is told.
"""

import json
import select
import socket
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from statistics import median

_ANSWER_S = 30.0
_READ_BYTES = 64 * 1024
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_STATUS = slice(9, 12)


class LoadFailedError(Exception):
    """A server did not answer as the load can understand it."""


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
    """What came back; statuses are counted by their number, `cpu_us` is the load's own per call."""

    calls: int
    p50_us: float
    p99_us: float
    calls_per_s: float
    cpu_us: float
    statuses: dict[str, int]
    last_body: str


@dataclass(slots=True)
class _Connection:
    link: socket.socket
    began_ns: int = 0
    part: bytes = b""

    def answer(self) -> bytes:
        """Return the next answer once it is whole; empty before."""
        data = self.link.recv(_READ_BYTES)
        if not data:
            raise LoadFailedError(f"the server hung up after {self.part[:200]!r}")
        if self.part:
            data = self.part + data
        self.part = b"" if _is_whole(data) else data
        return b"" if self.part else data


def _is_whole(data: bytes) -> bool:
    head_bytes = data.find(_HEAD_END)
    if head_bytes < 0:
        return False
    head = data[: head_bytes + 2].lower()
    at = head.find(_LENGTH)
    if at < 0:
        raise LoadFailedError(f"an answer without its length: {head!r}")
    at += len(_LENGTH)
    length = int(head[at : head.index(b"\r", at)])
    return len(data) >= head_bytes + len(_HEAD_END) + length


@dataclass(slots=True)
class _Load:
    """The connections of one slice, and what was seen on them."""

    piece: Slice
    epoll: select.epoll
    took_ns: list[int] = field(default_factory=list[int])
    statuses: Counter[bytes] = field(default_factory=Counter[bytes])
    last: bytes = b""

    def run(self) -> None:
        """Send and read until the calls or the seconds are used up."""
        request, left = self.piece.request, self.piece.calls
        ends_ns = time.perf_counter_ns() + round(self.piece.seconds * 1e9)
        busy: dict[int, _Connection] = {}
        for _ in range(min(self.piece.connections, left)):
            connection = _Connection(socket.create_connection(("127.0.0.1", self.piece.port)))
            connection.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            busy[connection.link.fileno()] = connection
            self.epoll.register(connection.link, select.EPOLLIN)
        for connection in busy.values():
            left -= 1
            connection.began_ns = time.perf_counter_ns()
            connection.link.sendall(request)
        while busy:
            events = self.epoll.poll(_ANSWER_S)
            if not events:
                raise LoadFailedError(f"no answer within {_ANSWER_S:g} seconds")
            for number, _ in events:
                connection = busy[number]
                answer = connection.answer()
                if not answer:
                    continue
                now_ns = time.perf_counter_ns()
                self.took_ns.append(now_ns - connection.began_ns)
                self.statuses[answer[_STATUS]] += 1
                self.last = answer
                if left > 0 and now_ns < ends_ns:
                    left -= 1
                    connection.began_ns = now_ns
                    connection.link.sendall(request)
                else:
                    del busy[number]
                    connection.link.close()


def put_load(piece: Slice) -> Seen:
    """Run one slice and return what was seen."""
    with select.epoll() as epoll:
        load = _Load(piece, epoll)
        began, cpu_began = time.perf_counter(), time.process_time()
        load.run()
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    ordered = sorted(load.took_ns) or [0]
    return Seen(
        calls=len(load.took_ns),
        p50_us=median(ordered) / 1000,
        p99_us=ordered[len(ordered) * 99 // 100] / 1000,
        calls_per_s=len(load.took_ns) / took_s,
        cpu_us=cpu_s / len(ordered) * 1e6,
        statuses={status.decode(): count for status, count in load.statuses.items()},
        last_body=load.last.partition(_HEAD_END)[2].decode(errors="replace"),
    )


def main() -> None:
    """Serve slices until standard input ends."""
    for line in sys.stdin:
        seen = put_load(Slice(**json.loads(line)))
        print(json.dumps(asdict(seen)), flush=True)


if __name__ == "__main__":
    main()
