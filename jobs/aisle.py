"""Lets many pass together, and one alone: whoever may bring the process down goes alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Aisle:
    """A place for many at once or for one alone; one event loop owns it.

    Whoever wants to be alone is let in before those who come later, so that it is not kept
    waiting for ever by those who may share.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._changed = asyncio.Condition()
        self._together = 0
        self._is_taken = False
        self._wanting = 0

    @asynccontextmanager
    async def together(self) -> AsyncGenerator[None]:
        """Pass with others, none of them alone."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_taken and not self._wanting)
            self._together += 1
        try:
            yield
        finally:
            self._together -= 1
            await self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Pass while nobody else does."""
        async with self._changed:
            self._wanting += 1
            try:
                await self._changed.wait_for(lambda: not self._is_taken and not self._together)
                self._is_taken = True
            finally:
                self._wanting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            self._is_taken = False
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
