"""Puts new settings in force in every part of the process, or in none."""

import asyncio
from collections.abc import Sequence

import structlog

from config.errors import PartRefused
from config.subscriber import Prepared, Subscriber
from config.variables import Settings
from sanderling.kernel.errors import Failure

log = structlog.get_logger()

PREPARE_TIMEOUT_S = 60.0
"""How long a part may take to be built and tried before it counts as failed."""


class Broadcaster:
    """Tells subscribers; first all are prepared, then all are swapped.

    Swapping cannot fail and nothing waits in between, so no part ever works by other settings
    than its neighbours. One task at a time applies.
    """

    def __init__(
        self,
        subscribers: Sequence[Subscriber],
        settings: Settings,
        *,
        prepare_timeout_s: float = PREPARE_TIMEOUT_S,
    ) -> None:
        """Take `settings` as those that every subscriber was built from."""
        self._subscribers = tuple(subscribers)
        self._prepare_timeout_s = prepare_timeout_s
        self._in_force = {each.name: each.needs(settings) for each in subscribers}

    async def apply(self, settings: Settings) -> tuple[str, ...]:
        """Rebuild what needs other values now, and return the names of those parts.

        Raises:
            PartRefused: one of them could not be had; all keep what they had.

        """
        wanted = {each.name: each.needs(settings) for each in self._subscribers}
        affected = [each for each in self._subscribers if self._differs(each, wanted)]
        prepared: list[Prepared] = []
        try:
            for subscriber in affected:
                ready = await self._prepare(subscriber, settings)
                prepared.append(ready)
        except BaseException:
            for each in prepared:
                await each.discard()
            raise
        for each in prepared:
            each.swap()
        self._in_force = wanted
        return tuple(each.name for each in affected)

    def _differs(self, subscriber: Subscriber, wanted: dict[str, object]) -> bool:
        return self._in_force[subscriber.name] != wanted[subscriber.name]

    async def _prepare(self, subscriber: Subscriber, settings: Settings) -> Prepared:
        try:
            async with asyncio.timeout(self._prepare_timeout_s):
                return await subscriber.prepare(settings)
        except Failure as failure:
            raise PartRefused(part=subscriber.name, reason=failure.detail) from failure
        except TimeoutError as error:
            reason = f"it was not ready within {self._prepare_timeout_s:g} seconds"
            raise PartRefused(part=subscriber.name, reason=reason) from error
        except Exception as error:
            # The top of a change: a defect of one part must not end the process.
            log.exception("config.part-raised", part=subscriber.name)
            reason = f"it met a defect ({type(error).__name__}); the log tells where"
            raise PartRefused(part=subscriber.name, reason=reason) from error
