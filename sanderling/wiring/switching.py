"""Lets another driver take over while calls run.

Guarantees: a call ends on the driver that it began on; the old driver is closed when its last
call is done; a new one that cannot start changes nothing. While both run they may use twice the
memory. It relies on one event loop: between reading which driver serves and counting the call
nothing else runs.
"""

import asyncio
from contextlib import AbstractContextManager, AsyncExitStack
from types import TracebackType
from typing import Self

import structlog

from config.subscriber import Prepared
from drivers.errors import DriverError
from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Driver,
    Health,
    HealthState,
    Invocation,
    Outcome,
)
from sanderling.wiring.unavailable import UnavailableDriver, started

log = structlog.get_logger()


class _Seat:
    """A running driver and the number of those it still works for."""

    def __init__(self, driver: Driver, stack: AsyncExitStack) -> None:
        self.driver = driver
        self._stack = stack
        self._busy = 0
        self._left: asyncio.Future[None] | None = None

    def __enter__(self) -> Driver:
        self._busy += 1
        return self.driver

    def __exit__(self, *_: object) -> None:
        self._busy -= 1
        if not self._busy and self._left is not None:
            self._left.set_result(None)
            self._left = None

    async def close(self) -> None:
        # Every call and every deployment has a deadline of its own, so this ends.
        while self._busy:
            self._left = asyncio.get_running_loop().create_future()
            await self._left
        await self._stack.aclose()


class SwitchingDriver:
    """Be the driver that settings name now."""

    def __init__(self, first: Driver) -> None:
        """Begin with `first`, which was not started."""
        self._first = first
        self._seat: _Seat | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The word that outcomes carry: that of the driver which serves now."""
        return (self._seat.driver if self._seat else self._first).name

    @property
    def is_missing(self) -> bool:
        """Whether a stand-in serves, because the driver could not start."""
        return isinstance(self._current.driver, UnavailableDriver)

    async def __aenter__(self) -> Self:
        """Start the first driver, or its stand-in that says why it cannot start."""
        stack = AsyncExitStack()
        self._seat = _Seat(await stack.enter_async_context(started(self._first)), stack)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let calls in flight finish, then close every driver that is left."""
        seat, self._seat = self._current, None
        await asyncio.gather(seat.close(), *self._retiring)

    async def prepare(self, driver: Driver) -> Prepared:
        """Start `driver` beside the one that serves.

        Raises:
            DriverError: it cannot start, or would serve no call; nothing of it is left.

        """
        stack = AsyncExitStack()
        try:
            running = await stack.enter_async_context(driver)
            health = await running.health()
            if health.state is HealthState.DOWN:
                reason = " ".join(health.reasons).removesuffix(".")
                raise DriverError(driver=driver.name, reason=reason)  # noqa: TRY301 - one way out.
        except BaseException:
            await stack.aclose()
            raise
        return Prepared(swap=lambda: self._swap(_Seat(running, stack)), discard=stack.aclose)

    def _swap(self, seat: _Seat) -> None:
        old, self._seat = self._current, seat
        task = asyncio.get_running_loop().create_task(self._retire(old))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
        log.info("driver.switched", driver=seat.driver.name, before=old.driver.name)

    async def _retire(self, seat: _Seat) -> None:
        try:
            await seat.close()
        except Exception:
            # Nobody waits for it, and the new driver serves: it costs what it could not give back.
            log.exception("driver.not-closed", driver=seat.driver.name)

    @property
    def _current(self) -> _Seat:
        if self._seat is None:
            raise DriverError(driver=self._first.name, reason="it is not started")
        return self._seat

    def in_use(self) -> AbstractContextManager[Driver]:
        """Return what holds the driver that serves now, so that it is not closed meanwhile."""
        return self._current

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Deploy to the driver that serves now; another one will not know the artifact."""
        with self._current as driver:
            return await driver.deploy(artifact)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one call on the driver that serves now, to its end."""
        with self._current as driver:
            return await driver.invoke(invocation)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact."""
        with self._current as driver:
            await driver.delete(key)

    def capabilities(self) -> Capabilities:
        """Say what the driver that serves now can do."""
        return self._current.driver.capabilities()

    async def health(self) -> Health:
        """Say whether a call would be served now."""
        with self._current as driver:
            return await driver.health()
