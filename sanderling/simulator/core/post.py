"""What a provider sends by itself: notices that something changed, with the faults of any post.

Whoever has something to tell is a writer, and is asked what there is each time that the bell was
rung. A notice that is not taken is sent again, a few times and each time later. In a process of
its own nothing leaves the machine: a notice for any other is not sent.
"""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlsplit

import httpx2

from sanderling.kernel.clock import Clock
from sanderling.simulator.core.faults import FaultKind, Faults

MOST_TRIES = 5
PATIENCE_S = 10.0
"""How long somebody may take to answer."""
LATE_S = 5.0

UNSENT = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError)
"""What asking an address may raise that a stranger chose; the last is for what no header holds."""

_TAKEN = range(200, 300)
_HERE = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One request that a provider makes."""

    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    tries: int = 0


def is_plain(text: str) -> bool:
    """Claim that a text can be sent in a header: it is printable ASCII."""
    return text.isascii() and text.isprintable()


Writer: TypeAlias = Callable[[], Iterable[Notice]]
"""Returns what there is to tell since it was last asked."""


class Post:
    """Ask writers, and send what they wrote. One event loop owns it."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        """Go by this clock; `faults` are asked what goes wrong with each notice."""
        self.outside: httpx2.AsyncBaseTransport | None = None
        """What leads to others, where that is not the network of this machine."""
        self.late_s = LATE_S
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._faults = faults
        self._writers: list[Writer] = []
        self._waiting: list[tuple[datetime, int, Notice]] = []
        self._numbers = itertools.count()
        self._rung = asyncio.Event()

    def employ(self, writer: Writer) -> None:
        """Ask this one, too, what there is to tell."""
        self._writers.append(writer)

    def write(self, notice: Notice) -> None:
        """Send one notice that no writer has to tell of."""
        self._draw(notice)
        self.ring()

    def ring(self) -> None:
        """Say that there may be something to tell."""
        self._rung.set()

    async def run(self) -> None:
        """Send what there is, for ever; whoever starts it ends it."""
        while True:
            await self._wait()
            self._rung.clear()
            await self.deliver()

    async def deliver(self) -> int:
        """Send what is to be sent by now, and return how many notices were taken."""
        for writer in self._writers:
            for notice in writer():
                self._draw(notice)
        taken = 0
        while self._waiting and self._waiting[0][0] <= self._clock.now():
            _, _, notice = heapq.heappop(self._waiting)
            taken += await self._send(notice)
        return taken

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[httpx2.AsyncClient]:
        """Yield a client that leads to others and follows nobody elsewhere."""
        async with httpx2.AsyncClient(
            transport=self.outside, timeout=PATIENCE_S, trust_env=False, follow_redirects=False
        ) as client:
            yield client

    def reaches(self, url: str) -> bool:
        """Claim that an address is one that is asked from here."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"}:
            return False
        return self.outside is not None or parts.hostname in _HERE

    def _draw(self, notice: Notice) -> None:
        fault = self._faults.draw_notice()
        if fault is FaultKind.NOTICE_DROPPED:
            self.counts["dropped"] += 1
            return
        self._put(notice, self.late_s if fault is FaultKind.NOTICE_LATE else 0.0)
        if fault is FaultKind.NOTICE_DOUBLED:
            self._put(notice, 0.0)

    def _put(self, notice: Notice, after_s: float) -> None:
        due = self._clock.now() + timedelta(seconds=after_s)
        heapq.heappush(self._waiting, (due, next(self._numbers), notice))

    async def _send(self, notice: Notice) -> bool:
        if not self.reaches(notice.url):
            self.counts["unreachable"] += 1
            return False
        try:
            async with self.client() as client:
                answer = await client.post(
                    notice.url, headers=dict(notice.headers), content=notice.body
                )
            is_taken = answer.status_code in _TAKEN
        except UNSENT:
            is_taken = False
        self.counts["taken" if is_taken else "refused"] += 1
        if not is_taken and notice.tries + 1 < MOST_TRIES:
            self._put(replace(notice, tries=notice.tries + 1), 2.0**notice.tries)
        return is_taken

    async def _wait(self) -> None:
        """Return once the bell is rung, or the next notice is to be sent."""
        if not self._waiting:
            await self._rung.wait()
            return
        left_s = (self._waiting[0][0] - self._clock.now()).total_seconds()
        ring = asyncio.ensure_future(self._rung.wait())
        sleep = asyncio.ensure_future(self._clock.wait_s(max(0.0, left_s)))
        try:
            await asyncio.wait({ring, sleep}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ring.cancel()
            sleep.cancel()
