"""Starts a pool when it is first needed, once for all who need it."""

import asyncio

from drivers.errors import DriverError
from drivers.local.pool import Pool


class Starting:
    """The start of one pool; after one that failed the next caller tries again."""

    def __init__(self, pool: Pool) -> None:
        """Watch over `pool`, which nobody else starts."""
        self.pool = pool
        self.failure = ""
        self._task: asyncio.Task[object] | None = None

    @property
    def is_begun(self) -> bool:
        """Claim that somebody needed the pool."""
        return self._task is not None

    @property
    def is_done(self) -> bool:
        """Claim that it was started, whatever became of it since."""
        return self._task is not None and self._task.done()

    def begin(self) -> None:
        """Start in the background, so that the first who needs it need not wait as long."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self.pool.start())
            self._task.add_done_callback(self._note)

    def _note(self, task: asyncio.Task[object]) -> None:
        """Forget a start that failed, before those who wait for it hear of it."""
        error = None if task.cancelled() else task.exception()
        self.failure = error.detail if isinstance(error, DriverError) else str(error or "")
        if error is not None or task.cancelled():
            self._task = None

    async def wait(self) -> None:
        """Return once the pool is started.

        Raises:
            DriverError: it did not start; what was wrong may be mended by the next time.

        """
        self.begin()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """End the start if it is under way, and the pool."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.pool.close()
