"""What is told of an execution while it runs, and to whom; kept shortly, and never relied on."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import ExecutionId
from sanderling.kernel.waiting import first_of

BEGINNING = "0"
"""The place before everything that is remembered."""

MOST_NEWS = 1000
"""How much of one execution is remembered; the oldest goes first."""

_LONGEST_PLACE = 15

MEMORY_S = 600.0
"""How long something is remembered after the last news."""


class NewsKind(StrEnum):
    """What one piece of news is about."""

    STATUS = "status"
    """`text` is the status that the execution has now."""
    LOG = "log"
    """`text` is what the guest logged, as it came: not cut at lines."""


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened to an execution; `attempt` counts from 1, 0 before the first."""

    kind: NewsKind
    text: str
    attempt: int = 0

    def encode(self) -> str:
        """Return the text that `decode` takes."""
        return json.dumps([self.kind, self.text, self.attempt], separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "News":
        """Return what `encode` was called on."""
        kind, told, attempt = json.loads(text)
        return cls(NewsKind(kind), told, attempt)


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of news at its place in the order of one execution's."""

    place: str
    news: News


class Progress(Protocol):
    """Carry news of executions to those who watch them, in this process or another.

    News of one execution keep their order. At most 1000 pieces are remembered, for ten minutes
    after the last, so that whoever comes late hears what went before. Fails open: when what it
    stands on is away news are lost, nobody waits for them, and no method raises. The truth is in
    the rows, and whoever watches looks at those as well.
    """

    async def tell(self, execution_id: ExecutionId, news: Sequence[News]) -> None:
        """Pass news on."""
        ...

    async def hear(
        self, execution_id: ExecutionId, *, after: str, wait_s: float
    ) -> Sequence[Heard]:
        """Return what was told after the place `after`, waiting up to `wait_s` for a first piece.

        A place that is no place, or is forgotten, stands for the beginning.
        """
        ...


@dataclass(slots=True)
class _Topic:
    heard: list[Heard] = field(default_factory=list[Heard])
    last: int = 0
    told_at_ns: int = 0
    arrival: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryProgress:
    """Carry news within this process; one event loop owns it."""

    def __init__(self, clock: Clock) -> None:
        """Forget by `clock`."""
        self._clock = clock
        self._topics: OrderedDict[ExecutionId, _Topic] = OrderedDict()

    def __len__(self) -> int:
        """Return of how many executions something is remembered."""
        return len(self._topics)

    async def tell(self, execution_id: ExecutionId, news: Sequence[News]) -> None:
        """Pass news on."""
        self._forget()
        topic = self._topics.setdefault(execution_id, _Topic())
        self._topics.move_to_end(execution_id)
        topic.told_at_ns = self._clock.monotonic_ns()
        for each in news:
            topic.last += 1
            topic.heard.append(Heard(str(topic.last), each))
        del topic.heard[:-MOST_NEWS]
        topic.arrival.set()
        topic.arrival = asyncio.Event()

    async def hear(
        self, execution_id: ExecutionId, *, after: str, wait_s: float
    ) -> Sequence[Heard]:
        """Return what was told, or wait for it."""
        found = self._after(execution_id, after)
        if found or wait_s <= 0:
            return found
        topic = self._topics.setdefault(execution_id, _Topic())
        topic.told_at_ns = self._clock.monotonic_ns()
        await first_of(topic.arrival.wait(), self._clock.wait_s(wait_s))
        return self._after(execution_id, after)

    def _after(self, execution_id: ExecutionId, after: str) -> list[Heard]:
        topic = self._topics.get(execution_id)
        if topic is None:
            return []
        place = (
            int(after)
            if after.isascii() and after.isdigit() and len(after) <= _LONGEST_PLACE
            else 0
        )
        if place > topic.last:
            place = 0
        return [each for each in topic.heard if int(each.place) > place]

    def _forget(self) -> None:
        oldest_ns = self._clock.monotonic_ns() - round(MEMORY_S * 1e9)
        while self._topics:
            execution_id, topic = next(iter(self._topics.items()))
            if topic.told_at_ns > oldest_ns:
                return
            del self._topics[execution_id]
