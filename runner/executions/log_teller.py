"""Passes on what a guest logs while it runs, in a few pieces rather than many."""

import asyncio

from runner.executions.execution import Execution
from runner.executions.progress import News, NewsKind, Progress
from sanderling.kernel.clock import Clock

PAUSE_S = 0.1
"""How long pieces are collected before they are told together."""


class LogTeller:
    """Collect the log of one attempt and tell it ten times a second at most.

    What a log may hold is bounded by the function's limits, and so is what is collected here.
    """

    def __init__(self, progress: Progress, execution: Execution, clock: Clock) -> None:
        """Tell `progress` of this attempt."""
        self._progress = progress
        self._execution = execution
        self._clock = clock
        self._parts: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def take(self, text: str) -> None:
        """Take the next piece; never waits."""
        self._parts.append(text)
        if self._task is None:
            self._task = asyncio.create_task(self._tell_soon())

    async def flush(self) -> None:
        """Tell what is left; nothing is taken afterwards."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._tell()

    async def _tell_soon(self) -> None:
        await self._clock.wait_s(PAUSE_S)
        self._task = None
        await self._tell()

    async def _tell(self) -> None:
        text, self._parts = "".join(self._parts), []
        if text:
            news = News(NewsKind.LOG, text, self._execution.attempts)
            await self._progress.tell(self._execution.id, [news])
