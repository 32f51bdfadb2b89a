"""Zygotes that fork no more; each ends with its last worker."""

import asyncio

from drivers.local.zygote import ZygoteProcess


class RetiredZygotes:
    """Wait for the workers of old zygotes; assumes one event loop."""

    def __init__(self) -> None:
        """Start with none."""
        self._ends: dict[ZygoteProcess, asyncio.Task[None]] = {}

    def add(self, zygote: ZygoteProcess) -> None:
        """Take a zygote that nobody asks for workers any more."""
        task = asyncio.get_running_loop().create_task(zygote.retire())
        self._ends[zygote] = task
        task.add_done_callback(lambda _task: self._ends.pop(zygote, None))

    async def close(self) -> None:
        """End them all, with the workers that are left."""
        ends = dict(self._ends)
        for task in ends.values():
            task.cancel()
        await asyncio.gather(*ends.values(), return_exceptions=True)
        await asyncio.gather(*(zygote.end() for zygote in ends))
