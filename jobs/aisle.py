"""Lets many pass together, and one alone: whoever may bring the process down goes alone."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager


class Aisle:
    """A place for many at once or for one alone; one event loop owns it.

    Whoever wants to be alone is let in before those who come later, so that it is not kept
    waiting for ever by those who may share.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._changed = asyncio.Event()
        self._together = 0
        self._is_taken = False
        self._wanting = 0

    @property
    def is_open(self) -> bool:
        """Claim that whoever may share could enter now."""
        return not self._is_taken and not self._wanting

    @asynccontextmanager
    async def together(self) -> AsyncGenerator[None]:
        """Pass with others, none of them alone."""
        await self._until(lambda: self.is_open)
        self.join()
        try:
            yield
        finally:
            self.leave()

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Pass while nobody else does."""
        self._wanting += 1
        try:
            await self._until(lambda: not self._is_taken and not self._together)
            self._is_taken = True
        finally:
            self._wanting -= 1
            self._changed.set()
        try:
            yield
        finally:
            self._is_taken = False
            self._changed.set()

    def join(self) -> None:
        """Enter while it is open, or behind somebody who is inside; `leave` is called for each."""
        self._together += 1

    def leave(self) -> None:
        """Leave what was joined."""
        self._together -= 1
        self._changed.set()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._changed.clear()
            await self._changed.wait()
