"""Keeps one connection to Redis that is known to work, and says at once when there is none.

This is the circuit breaker. Closed: there is a wire, and questions go over it. Open: there is
none; every question is answered with None at once, and nobody waits. Half open: a task of the
link, never a caller, connects and asks a probe as callers would; only when that is
answered in time is the wire used. Between two attempts it waits, each time longer and with chance
in it, so that the processes of an instance do not come back all at the same moment.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import structlog

from sanderling.kernel.clock import Clock
from sanderling.kernel.waiting import end_task
from sanderling.redis.endpoint import Endpoint, endpoint_of
from sanderling.redis.wire import TOO_SLOW, UNREADABLE, Wire

ANSWER_S: Final = 0.05
"""How long a caller waits for Redis at most."""

CONNECT_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 3.0

log = structlog.get_logger()


class NotUsableError(Exception):
    """Redis is there and of no use."""


def _words(error: Exception) -> str:
    # The text of any other error may quote an address.
    return str(error) if isinstance(error, NotUsableError) else type(error).__name__


@dataclass(frozen=True, slots=True)
class Probe:
    """A command whose answer shows that Redis is of use."""

    command: bytes
    makes_sense: Callable[[bytes], bool]

    async def pass_on(self, wire: Wire) -> None:
        """Ask on `wire`.

        Raises:
            NotUsableError: there is no answer that makes sense.

        """
        if not self.makes_sense(await _answer(wire, self.command)):
            raise NotUsableError(UNREADABLE)


class Link:
    """Hold a wire while there is one; entered and left once, on the loop that uses it."""

    def __init__(
        self,
        url: str,
        probe: Probe,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        answer_s: float = ANSWER_S,
    ) -> None:
        """Lead to `url`, and believe in it once it has passed `probe`.

        `jitter` draws from 0 to 1; `answer_s` bounds the wait of each question.

        Raises:
            RedisURLRefused: it is not the URL of a Redis.

        """
        self._endpoint: Endpoint = endpoint_of(url)
        self._probe = probe
        self._clock = clock
        self._jitter = jitter
        self._answer_s = answer_s
        self._wire: Wire | None = None
        self._task: asyncio.Task[None] | None = None
        self._has_tried = asyncio.Event()
        self.why_away = "it was not reached yet"
        """In a few words, free of addresses; empty while there is a wire."""

    @property
    def is_away(self) -> bool:
        """Claim that questions are not sent at the moment."""
        return self._wire is None or self._wire.is_over

    async def __aenter__(self) -> Self:
        """Begin, and return after the first attempt: what follows it need not be local."""
        self._task = asyncio.create_task(self._keep(), name="redis link")
        await self._has_tried.wait()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the wire."""
        if self._task is not None:
            await end_task(self._task)

    def ask(self, command: bytes) -> asyncio.Future[bytes | None] | None:
        """Return what `Wire.ask` returns; None while there is no wire."""
        wire = self._wire
        return None if wire is None else wire.ask(command)

    def give_up(self, why: str) -> None:
        """Use the wire no longer: what Redis says to callers makes no sense."""
        if self._wire is not None:
            self._wire.give_up(why)

    async def _keep(self) -> None:
        wire: Wire | None = None
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                try:
                    wire = await self._connect()
                except Exception as error:  # noqa: BLE001 - the top of the loop: told, and tried again.
                    self._tell_away(_words(error))
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                else:
                    log.info("limits.redis-found")
                    self._wire, self.why_away, pause_s = wire, "", FIRST_PAUSE_S
                    self._has_tried.set()
                    why = await wire.lost
                    self._wire = None
                    self._tell_away(why)
                self._has_tried.set()
                await self._clock.wait_s(pause_s * (1 + self._jitter()) / 2)
        finally:
            self._wire = None
            if wire is not None:
                wire.give_up("the process ends")

    def _tell_away(self, why: str) -> None:
        if why != self.why_away:
            log.warning("limits.redis-lost", reason=why)
        self.why_away = why

    async def _connect(self) -> Wire:
        async with asyncio.timeout(CONNECT_S):
            wire = await self._endpoint.connect(lambda: Wire(timeout_s=self._answer_s))
        try:
            for command in self._endpoint.greeting:
                await _answer(wire, command)
            await self._probe.pass_on(wire)
        except BaseException:
            wire.give_up("it was of no use")
            raise
        return wire


async def _answer(wire: Wire, command: bytes) -> bytes:
    line = await wire.ask(command)
    if line is None:
        raise NotUsableError(wire.lost.result() if wire.is_over else TOO_SLOW)
    if not line.startswith(b"+"):
        raise NotUsableError(error_words(line))
    return line


def error_words(line: bytes) -> str:
    """Return what an error of Redis is, in its first word: the rest may name keys and addresses."""
    return f"it answers {line[1:].split(b' ', 1)[0].decode('ascii', 'replace')[:32]}"
