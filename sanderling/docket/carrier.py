"""What we use of docket: one connection, one worker.

Loading docket takes longer than starting a server should, so this module is loaded late, beside
a server that runs already.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import structlog
from docket import Docket, Worker
from redis.exceptions import RedisError

from sanderling.docket.errors import CarrierAwayError
from sanderling.docket.handling import Handling
from sanderling.docket.plain_arguments import refuse_pickles
from sanderling.kernel.engine import Ticket

log = structlog.get_logger()

_ANSWER_S: Final = 1.0
_BUSY: Final = timedelta(milliseconds=25)
_IDLE: Final = timedelta(seconds=1)
_LATER_EVERY: Final = timedelta(milliseconds=250)
_RECONNECT: Final = timedelta(seconds=0.5)
_CONNECTIONS: Final = 200
_NAME: Final = "sanderling"


class _Worker(Worker):
    """Looks often only where something is under way; docket reads how often each time."""

    @property
    def minimum_check_interval(self) -> timedelta:
        return _BUSY if self._tasks_by_key else _IDLE

    @minimum_check_interval.setter
    def minimum_check_interval(self, _: timedelta) -> None:  # pyright: ignore[reportIncompatibleVariableOverride] - see above.
        """Docket sets it once, to what it was given."""


class Carrier:
    """Carry tickets for as long as it is entered.

    What talks to Redis raises `CarrierAwayError` when that is away, within a second or so; only
    `run` waits for it to be back.
    """

    def __init__(self, url: str, handling: Handling, *, worker: str, lease_s: float) -> None:
        """Lead to `url`; a ticket whose process is silent for `lease_s` goes to another one."""
        refuse_pickles()
        # It tells each failed attempt with a traceback; `engine.lost` says it once.
        logging.getLogger("docket").setLevel(logging.CRITICAL)
        self._handling = handling
        self._docket = Docket(name=_NAME, url=_with_options(url), execution_ttl=timedelta(0))
        # Those it comes with are for trying it out.
        self._docket.tasks.clear()
        for task in handling.tasks:
            self._docket.register(self._function(task), names=[task])
        self._worker = _Worker(
            self._docket,
            name=worker,
            concurrency=0,
            redelivery_timeout=timedelta(seconds=lease_s),
            reconnection_delay=_RECONNECT,
            scheduling_resolution=_LATER_EVERY,
            schedule_automatic_tasks=False,
            fallback_task=_skip,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        async with AsyncExitStack() as stack:
            with _told():
                await stack.enter_async_context(self._docket)
            await stack.enter_async_context(self._worker)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._stack.__aexit__(kind, error, traceback)

    def consume(self, places: int) -> None:
        """Take up tickets while fewer than `places` are under way."""
        self._worker.concurrency = places

    async def run(self) -> None:
        """Take up tickets until it is cancelled."""
        await self._worker.run_forever()

    async def add(self, *tickets: Ticket) -> None:
        """Hand over `tickets`, all in one go."""
        with _told():
            async with asyncio.timeout(_ANSWER_S):
                await self._add(tickets)

    async def _add(self, tickets: Sequence[Ticket]) -> None:
        if len(tickets) == 1:
            # The way for many takes two turns, this one takes one.
            ticket = tickets[0]
            await self._docket.add(ticket.task, ticket.not_before, _label(ticket))(ticket.key)
            return
        calls = [
            self._docket.call(ticket.task, ticket.not_before, _label(ticket))(ticket.key)
            for ticket in tickets
        ]
        for added in await self._docket.add_many(calls):
            if added.schedule_exception is not None:
                raise added.schedule_exception

    async def waiting(self) -> int:
        """Return how many tickets nobody has taken up yet."""
        with _told():
            async with asyncio.timeout(_ANSWER_S), self._docket.redis() as redis:
                held = await redis.xlen(self._stream)
                later = await redis.zcard(self._docket.queue_key)
                if not held:
                    # Where nothing was ever held there is nothing that could tell what is taken.
                    return later
                taken = await redis.xpending(self._stream, self._docket.worker_group_name)
                return held - int(taken["pending"]) + later

    @property
    def _stream(self) -> str:
        return self._docket.stream_key

    def _function(self, task: str) -> Callable[[str], Awaitable[None]]:
        async def handle(key: str) -> None:
            await self._handling.start(task, key)

        return handle


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        # Its text may quote the address.
        raise CarrierAwayError(reason=type(error).__name__) from None


async def _skip(*_: object, **__: object) -> None:
    """Pass by a ticket of a later release: its own processes find the row."""
    log.warning("ticket.unknown")


def _label(ticket: Ticket) -> str:
    # Docket knows keys alone, whatever task they are of.
    return f"{ticket.task}:{ticket.key}"


def _with_options(url: str) -> str:
    """Return `url` with what a worker needs, unless it says something else itself."""
    if url.startswith("memory:"):
        return url
    parts = urlsplit(url)
    # Each handler may hold a connection, and so may what looks beside it; the library allows
    # fewer, and refuses the rest. The second protocol is what every server and proxy speaks.
    options = {
        "max_connections": str(_CONNECTIONS),
        "protocol": "2",
        **dict(parse_qsl(parts.query)),
    }
    return urlunsplit(parts._replace(query=urlencode(options)))
