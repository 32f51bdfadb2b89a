"""Lets work for functions be done by turns: one that is hard to compile may take many seconds."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers.port import ArtifactKey
from sanderling.kernel.fairline import FairLine
from sanderling.kernel.ids import FunctionId, WorkspaceId


@dataclass(slots=True, eq=False)
class _Waiter:
    workspace_id: WorkspaceId
    function_id: FunctionId
    granted: "asyncio.Future[None]"


class FairPlaces:
    """At most so many pieces of work at once; workspaces, and the functions of each, take turns.

    A function that has one running, and a workspace, come after all that have none. One event
    loop owns it.
    """

    def __init__(self, places: int) -> None:
        """Start with all `places` free."""
        self._free = places
        self._running = Counter[Hashable]()
        self._line: FairLine[WorkspaceId, FunctionId, _Waiter] = FairLine()

    @asynccontextmanager
    async def place(self, key: ArtifactKey) -> AsyncGenerator[None]:
        """Wait for a place, and hold it for the length of the block."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(key.workspace_id, key.function_id, granted)
        self._line.push(waiter.workspace_id, waiter.function_id, waiter)
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        try:
            yield
        finally:
            self._leave(waiter)

    def _withdraw(self, waiter: _Waiter) -> None:
        is_waiting = self._line.remove(waiter.workspace_id, waiter.function_id, waiter)
        if not is_waiting and not waiter.granted.cancelled():
            self._leave(waiter)

    def _leave(self, waiter: _Waiter) -> None:
        self._free += 1
        self._running.subtract((waiter.workspace_id, waiter.function_id))
        self._running = +self._running
        self._grant()

    def _grant(self) -> None:
        while self._free and (waiter := self._next()) is not None:
            self._line.pop(waiter.workspace_id, waiter.function_id)
            if waiter.granted.done():
                # Its caller was cancelled in this turn of the loop, and has not run since.
                continue
            self._free -= 1
            self._running.update((waiter.workspace_id, waiter.function_id))
            waiter.granted.set_result(None)

    def _next(self) -> _Waiter | None:
        another = self._line.first(
            may_group=_anyone, may_member=self._has_none, is_preferred=self._has_none
        )
        if another is not None:
            return another
        return self._line.first(may_group=_anyone, may_member=_anyone, is_preferred=self._has_none)

    def _has_none(self, who: Hashable) -> bool:
        return not self._running[who]


def _anyone(_: Hashable) -> bool:
    return True
