"""Hands on to streams what providers tell: that something changed, and never what.

A flood costs as little as one notification does: those about one stream are one hint while they
wait, a hint goes out at once, and the next round of them `SPACING_S` later. Nothing is lost that
polling would not find: hints wait in the memory of this process, and only so many of them.
"""

import asyncio
from dataclasses import dataclass

import structlog

from jobs.streams.ports import StreamStore
from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError

log = structlog.get_logger()

SPACING_S = 2.0
"""How long a stream that was hinted at is left alone by this process."""

MOST_WAITING = 10_000
"""How many streams may wait to be hinted at; what comes beyond is left to polling."""


@dataclass(frozen=True, slots=True)
class Hint:
    """The stream that a provider told of."""

    account_id: AccountId
    channel: Channel


class Hints:
    """Take hints and hand them on; one event loop owns it."""

    def __init__(
        self,
        streams: StreamStore,
        clock: Clock,
        *,
        spacing_s: float = SPACING_S,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Hand nothing on before `follow` runs, or `flush` is called."""
        self._streams = streams
        self._clock = clock
        self._spacing_s = spacing_s
        self._most_waiting = most_waiting
        self._waiting = dict[Hint, None]()
        self._dropped = 0
        self._news = asyncio.Event()

    def __len__(self) -> int:
        """Return how many streams wait to be hinted at."""
        return len(self._waiting)

    def take(self, hint: Hint) -> None:
        """Keep a hint until it is handed on; it waits for nothing and cannot fail."""
        if len(self._waiting) >= self._most_waiting and hint not in self._waiting:
            self._dropped += 1
        else:
            self._waiting[hint] = None
        self._news.set()

    async def follow(self) -> None:
        """Hand hints on until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.flush()
            except StoreUnavailableError as fault:
                log.warning("push.delayed", waiting=len(self), reason=fault.facts["reason"])
                self._news.set()
            except Exception:
                # The top of a loop that must not end; polling finds what is lost here.
                log.exception("push.failed")
            await self._clock.wait_s(self._spacing_s)

    async def flush(self) -> None:
        """Hand on what waits.

        Raises:
            StoreUnavailableError: the database is away; what was not handed on waits.

        """
        if self._dropped:
            log.warning("push.crowded", dropped=self._dropped)
            self._dropped = 0
        told, self._waiting = self._waiting, dict[Hint, None]()
        while told:
            hint = next(iter(told))
            try:
                await self._streams.hint(hint.account_id, hint.channel, self._clock.now())
            except StoreUnavailableError:
                self._waiting = told | self._waiting
                raise
            del told[hint]
