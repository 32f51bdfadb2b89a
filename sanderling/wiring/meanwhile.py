"""Lets something go on beside a block, and ends it on the way out."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def meanwhile(work: Coroutine[object, object, None], *, name: str) -> AsyncGenerator[None]:
    """Do `work` until the block is left, then cancel it and wait for its end.

    `name` is what the task is called. What `work` raises is raised on the way out.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
