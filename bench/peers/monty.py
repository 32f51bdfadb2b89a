"""pydantic-monty: an interpreter of its own in worker processes; an optional peer.

Its synchronous pool answers one caller faster, its asynchronous pool serves many; each is used
where it is best.
"""

import json
from contextlib import AsyncExitStack, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bench.peer import PeerUnavailableError
from bench.workload import SOURCE

if TYPE_CHECKING:
    from pydantic_monty import AsyncMonty, AsyncMontySession, Monty, MontySession

_CALL = "handler(event, {})"
_LANES = 8
_PARKED = 8
_CHECKOUT_S = 30.0


def _encode(result: Any) -> bytes:
    return json.dumps(result, separators=(",", ":")).encode()


class _MontyPeer:
    is_paced = False
    max_lanes = _LANES

    def __init__(self) -> None:
        self._sync_stack = ExitStack()
        self._stack = AsyncExitStack()
        self._pool: Monty
        self._async_pool: AsyncMonty

    async def __aenter__(self) -> Self:
        """Start both pools."""
        try:
            import pydantic_monty  # noqa: PLC0415 - an optional peer must not be needed to start.
        except ImportError as error:
            raise PeerUnavailableError("pydantic-monty is not installed") from error
        self._pool = self._sync_stack.enter_context(
            pydantic_monty.Monty(
                min_processes=1, max_processes=2 * _PARKED, checkout_timeout=_CHECKOUT_S
            )
        )
        self._async_pool = await self._stack.enter_async_context(
            pydantic_monty.AsyncMonty(
                min_processes=1, max_processes=_LANES, checkout_timeout=_CHECKOUT_S
            )
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End both pools and their workers."""
        await self._stack.aclose()
        self._sync_stack.close()

    async def prepare(self) -> None:
        """Do nothing."""


class MontyWarm(_MontyPeer):
    """A session per function that holds its code; state stays between calls."""

    name = "monty_warm"
    parks = _PARKED

    def __init__(self) -> None:
        """Start without sessions."""
        super().__init__()
        self._session: MontySession
        self._sessions: dict[int, AsyncMontySession] = {}

    async def __aenter__(self) -> Self:
        """Feed the code to one session for single calls; the lanes follow when used."""
        await super().__aenter__()
        self._session = self._sync_stack.enter_context(self._pool.checkout())
        self._session.feed_run(SOURCE)
        return self

    async def call(self, event_json: bytes, lane: int) -> bytes:
        """Feed one call; lane 0 is the single caller."""
        inputs = {"event": json.loads(event_json)}
        if lane == 0:
            return _encode(self._session.feed_run(_CALL, inputs=inputs))
        if lane not in self._sessions:
            session = await self._stack.enter_async_context(self._async_pool.checkout())
            await session.feed_run(SOURCE)
            self._sessions[lane] = session
        return _encode(await self._sessions[lane].feed_run(_CALL, inputs=inputs))

    async def park(self, first: int, count: int) -> None:
        """Keep one session per further function."""
        for number in range(first, first + count):
            session = self._sync_stack.enter_context(self._pool.checkout())
            session.feed_run(f"{SOURCE}# function {number}\n")
            session.feed_run(_CALL, inputs={"event": {"id": "parked", "numbers": [number]}})


class MontyFresh(_MontyPeer):
    """A new session for each call, on a worker of the pool."""

    name = "monty_fresh"
    parks = 0

    async def call(self, event_json: bytes, lane: int) -> bytes:
        """Check out, feed code and call, give back; lane 0 is the single caller."""
        inputs = {"event": json.loads(event_json)}
        program = f"{SOURCE}\n{_CALL}"
        if lane == 0:
            with self._pool.checkout() as session:
                return _encode(session.feed_run(program, inputs=inputs))
        async with self._async_pool.checkout() as session:
            return _encode(await session.feed_run(program, inputs=inputs))

    async def park(self, first: int, count: int) -> None:
        """Do nothing: no session outlives its call."""
