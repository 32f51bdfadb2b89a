"""Lets something go on beside a block, and ends it on the way out."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager

from sanderling.kernel.waiting import end_task


@asynccontextmanager
async def meanwhile(work: Coroutine[object, object, None], *, name: str) -> AsyncGenerator[None]:
    """Do `work` until the block is left, then cancel it and wait for its end.

    `name` is what the task is called. What `work` raises is raised on the way out.
    """
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        await end_task(task)
