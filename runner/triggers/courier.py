"""Delivers record events as they come, and those that nobody told of a little later."""

import asyncio

import structlog

from runner.triggers.delivery import RecordDelivery
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.waiting import first_of

log = structlog.get_logger()


class Courier:
    """Look for record events again and again; `wake` makes it look sooner.

    The rows of the outbox are the truth, so a wake that is lost costs time and nothing else.
    """

    def __init__(self, delivery: RecordDelivery, clock: Clock, *, every_s: float) -> None:
        """Look every `every_s` seconds once `follow` is running."""
        self._delivery = delivery
        self._clock = clock
        self._every_s = every_s
        self._woken = asyncio.Event()

    def wake(self, _: object = None) -> None:
        """Look at once; safe to call from a subscriber, for it only leaves a mark."""
        self._woken.set()

    async def follow(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._woken.clear()
            try:
                while await self._delivery.deliver_due():
                    pass
            except StoreUnavailableError:
                # Everybody who needs the database tells of it; here it only takes longer.
                pass
            except Exception:
                # The top of a loop that must not end: the next look may find it mended.
                log.exception("courier.failed")
            await self._rest()

    async def _rest(self) -> None:
        """Return when it is time to look again, or when somebody says so."""
        await first_of(self._clock.wait_s(self._every_s), self._woken.wait())
