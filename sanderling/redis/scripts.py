"""Scripts that a Redis runs in one step, for callers who cannot wait for it.

A Redis that does not answer in time, refuses, or is not there is left alone for a moment: until
then whoever asks is told at once that it is away.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Final, TypeAlias

import structlog
from redis.exceptions import NoScriptError

from sanderling.kernel.clock import Clock
from sanderling.redis.connection import AWAY, open_redis
from sanderling.redis.errors import RedisAwayError

log = structlog.get_logger()

ANSWER_S: Final = 0.25
LEFT_ALONE_S: Final = 1.0
_AT_ONCE: Final = 32

Word: TypeAlias = str | int


class RedisScript:
    """One script on one Redis; one event loop owns it."""

    def __init__(self, url: str, name: str, *, clock: Clock, answer_s: float = ANSWER_S) -> None:
        """Lead to `url` for the script `name`; nothing is opened before it is run.

        Raises:
            RedisURLRefused: it is not the URL of a Redis.

        """
        self._name = name
        self._text = (files("sanderling.redis") / f"{name}.lua").read_text("utf-8")
        self._sha = hashlib.sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        self._client = open_redis(url, answer_s=answer_s)
        self._clock = clock
        self._answer_s = answer_s
        # More connections would not make one server any faster.
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._away_until_ns = 0
        self._why = ""

    @property
    def is_away(self) -> bool:
        """Claim that the last answer was none."""
        return bool(self._why)

    async def run(self, keys: Sequence[str], words: Sequence[Word]) -> object:
        """Return what the script answers; it runs once or, when this raises, perhaps.

        Raises:
            RedisAwayError: there is no answer, now or a moment ago.

        """
        async with self._gate:
            if self._clock.monotonic_ns() < self._away_until_ns:
                raise RedisAwayError(reason=self._why)
            try:
                async with asyncio.timeout(2 * self._answer_s):
                    answer = await self._ask(keys, words)
            except AWAY as error:
                self._leave_alone(type(error).__name__)
                raise RedisAwayError(reason=self._why) from None
        self._note_answer()
        return answer

    async def _ask(self, keys: Sequence[str], words: Sequence[Word]) -> object:
        try:
            return await self._client.evalsha(self._sha, len(keys), *keys, *words)
        except NoScriptError:
            # It was started again, or another one took over: it is told once more.
            return await self._client.eval(self._text, len(keys), *keys, *words)

    def _leave_alone(self, why: str) -> None:
        if not self._why:
            log.warning("redis.lost", script=self._name, reason=why)
        self._why = why
        self._away_until_ns = self._clock.monotonic_ns() + round(LEFT_ALONE_S * 1e9)

    def _note_answer(self) -> None:
        if self._why:
            log.info("redis.restored", script=self._name)
        self._why = ""

    async def close(self) -> None:
        """Close every connection."""
        with suppress(*AWAY):
            await self._client.aclose()
