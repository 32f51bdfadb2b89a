"""The pools of workers that run functions, one for each flavour, under one budget."""

from collections.abc import Callable

from drivers.guest.flavour import LIBRARY, PLAIN, RAW
from drivers.local.budget import MemoryBudget
from drivers.local.pool import Pool
from drivers.local.settings import LocalSettings
from drivers.local.starting import Starting
from drivers.local.supervision import Supervision
from drivers.local.walls import Walls


class Pools:
    """Plain workers from the start, others once a function needs them."""

    def __init__(
        self,
        settings: LocalSettings,
        budget: MemoryBudget,
        *,
        make_room: Callable[[], bool],
        supervision: Supervision,
    ) -> None:
        """Prepare; the arguments are those of the pools."""
        flavours = (RAW,) if settings.experiment.is_raw else (PLAIN, LIBRARY)
        self._first = flavours[0]
        self._starts = {
            flavour: Starting(
                Pool(
                    flavour,
                    settings,
                    spares=settings.spares,
                    budget=budget,
                    make_room=make_room,
                    supervision=supervision,
                )
            )
            for flavour in flavours
        }

    async def start(self) -> None:
        """Start the first pool and fill it.

        Raises:
            DriverError: it did not start; nothing is left of it.

        """
        await self.wait(self._first)

    async def wait(self, flavour: str) -> Pool:
        """Return the pool of `flavour` once it is started; whoever needs it first also fills it.

        Raises:
            DriverError: it did not start.

        """
        start = self._starts[flavour]
        is_first = not start.is_begun
        await start.wait()
        if is_first:
            await start.pool.wait_spares()
        return start.pool

    @property
    def walls(self) -> Walls:
        """The walls around the first pool's workers; every call tells its own."""
        return self._starts[self._first].pool.walls

    @property
    def in_use(self) -> tuple[Pool, ...]:
        """The pools that were started; who needs one that is starting waits for it."""
        return tuple(start.pool for start in self._starts.values() if start.is_done)

    @property
    def problem(self) -> str:
        """Why a pool that was needed could not be started; empty when each could."""
        return next((start.failure for start in self._starts.values() if start.failure), "")

    def grant(self) -> None:
        """Let those who wait for memory look again."""
        for start in self._starts.values():
            if start.pool.waiting:
                start.pool.grant()

    async def close(self) -> None:
        """End every pool."""
        for start in self._starts.values():
            await start.close()
