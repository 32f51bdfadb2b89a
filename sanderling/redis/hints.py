"""Hints over Redis pub/sub.

Nothing is kept there: whoever does not listen at that moment misses it. The listener asks the
server for a sign of life when nothing comes, because a connection whose other end vanished looks
just like silence.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from redis.exceptions import ConnectionError as RedisConnectionError

from config.ear import Ear
from sanderling.kernel.clock import Clock
from sanderling.redis.connection import ANSWER_S, AWAY, PubSub, open_redis

CHANNEL: Final = "sanderling:config"
QUIET_S: Final = 5.0
"""After so long without a word the server is asked whether it is still there."""

_PUBLISH_WITHIN_S: Final = 1.5


class RedisHints:
    """Tell and hear of revisions through one channel of Redis."""

    def __init__(
        self, url: str, *, clock: Clock, jitter: Callable[[], float], quiet_s: float = QUIET_S
    ) -> None:
        """Lead to `url`; `jitter` draws from 0 to 1, silence is trusted for `quiet_s`.

        Raises:
            RedisURLRefused: it is not the URL of a Redis.

        """
        self._quiet_s = quiet_s
        self._speaker = open_redis(url)
        self._listener = open_redis(url)
        self._ear = Ear("redis", self._hear, faults=AWAY, clock=clock, jitter=jitter)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self._ear.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening and close both connections."""
        await self._ear.__aexit__(kind, error, traceback)
        for client in (self._speaker, self._listener):
            with suppress(*AWAY):
                await client.aclose()

    async def publish(self, revision: int) -> None:
        """Tell everyone who listens, or give up: polling finds the revision as well."""
        with suppress(*AWAY):
            async with asyncio.timeout(_PUBLISH_WITHIN_S):
                await self._speaker.publish(CHANNEL, str(revision))

    async def wait_hint(self, *, timeout_s: float) -> bool:
        """Return True once something was heard since the last return, False after `timeout_s`."""
        return await self._ear.wait_hint(timeout_s=timeout_s)

    @property
    def is_connected(self) -> bool:
        """Claim that hints would be heard now."""
        return self._ear.is_connected

    async def _hear(self, ear: Ear) -> None:
        async with self._listener.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            await _next(pubsub, within_s=ANSWER_S, kind="subscribe")
            ear.begin()
            while True:
                message = await pubsub.get_message(timeout=self._quiet_s)
                if message is None:
                    await pubsub.ping()
                    message = await _next(pubsub, within_s=ANSWER_S)
                if message["type"] == "message":
                    ear.ring()


async def _next(
    pubsub: PubSub, *, within_s: float, kind: str | None = None
) -> Mapping[str, object]:
    """Return what comes next; silence, or something else than `kind`, is a broken connection."""
    message = await pubsub.get_message(timeout=within_s)
    if message is None or kind not in {None, message["type"]}:
        raise RedisConnectionError("the server did not answer")
    return message
