"""Follows one execution to its end, by its news and by its row."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from runner.executions.execution import Execution
from runner.executions.ports import ExecutionStore
from runner.executions.progress import BEGINNING, Heard, Progress
from sanderling.kernel.clock import Clock

LOOK_EVERY_S = 2.0
"""How long nothing but news is listened to before the row is looked at again: news may be lost."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Nothing happened for a while; whoever passes news on says so, to keep connections open."""


Event = Execution | Heard | Beat
"""The row as it is when watching begins and at its end, and the news in between."""


class Watch:
    """Wait for executions and follow them; who may was settled before."""

    def __init__(self, store: ExecutionStore, progress: Progress, clock: Clock) -> None:
        """Look at rows in `store`, hear news from `progress`."""
        self._store = store
        self._progress = progress
        self._clock = clock

    async def wait_end(self, execution: Execution, wait_s: float) -> Execution:
        """Return the execution once it is at its end, or as it is after `wait_s` seconds.

        Raises:
            StoreUnavailableError: the database is away.

        """
        until_ns = self._clock.monotonic_ns() + round(wait_s * 1e9)
        place = BEGINNING
        while not execution.is_final:
            left_s = (until_ns - self._clock.monotonic_ns()) / 1e9
            if left_s <= 0:
                return execution
            heard = await self._progress.hear(
                execution.id, after=place, wait_s=min(left_s, LOOK_EVERY_S)
            )
            place = heard[-1].place if heard else place
            found = await self._store.find(execution.workspace_id, execution.id)
            if found is None:
                return execution
            execution = found
        return execution

    async def follow(
        self, execution: Execution, *, after: str = BEGINNING, beat_s: float = 15.0
    ) -> AsyncGenerator[Event]:
        """Yield the execution, its news after the place `after`, and the execution at its end.

        A `Beat` comes when nothing else does for `beat_s` seconds. It ends after the end, or when
        the execution is forgotten.

        Raises:
            StoreUnavailableError: the database is away.

        """
        yield execution
        place, quiet_since_ns = after, self._clock.monotonic_ns()
        while True:
            is_over = execution.is_final
            wait_s = 0.0 if is_over else min(LOOK_EVERY_S, beat_s)
            heard = await self._progress.hear(execution.id, after=place, wait_s=wait_s)
            for each in heard:
                place = each.place
                yield each
            if is_over:
                yield execution
                return
            now_ns = self._clock.monotonic_ns()
            if heard:
                quiet_since_ns = now_ns
            elif now_ns - quiet_since_ns >= beat_s * 1e9:
                quiet_since_ns = now_ns
                yield Beat()
            found = await self._store.find(execution.workspace_id, execution.id)
            if found is None:
                return
            execution = found
