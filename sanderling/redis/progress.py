"""News of executions over Redis: one short-lived stream for each, which late watchers read too."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, cast

from runner.executions.progress import BEGINNING, MEMORY_S, MOST_NEWS, Heard, News
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import ExecutionId
from sanderling.redis.connection import AWAY, open_redis

_BLOCK_S: Final = 0.5
_READERS: Final = 50
"""How many connections may stand waiting for news at once; more take turns."""

_AGAIN_S: Final = 0.5
_TELL_WITHIN_S: Final = 0.5
_PLACE: Final = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")


class RedisProgress:
    """Carry news between processes. Entered and left once, on the event loop that uses it."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        """Lead to `url`.

        Raises:
            RedisURLRefused: it is not the URL of a Redis.

        """
        self._speaker: Any = open_redis(url)
        self._listener: Any = open_redis(url)
        self._clock = clock
        self._readers = asyncio.Semaphore(_READERS)

    async def __aenter__(self) -> Self:
        """Open nothing yet: the first news connects."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        for client in (self._speaker, self._listener):
            with suppress(*AWAY):
                await client.aclose()

    async def tell(self, execution_id: ExecutionId, news: Sequence[News]) -> None:
        """Pass news on, or give up: whoever watches looks at the row as well."""
        key = _key(execution_id)
        with suppress(*AWAY):
            async with asyncio.timeout(_TELL_WITHIN_S):
                pipeline = self._speaker.pipeline(transaction=False)
                for each in news:
                    adding = ("XADD", key, "MAXLEN", MOST_NEWS, "*", "news", each.encode())
                    pipeline.execute_command(*adding)
                pipeline.execute_command("EXPIRE", key, round(MEMORY_S))
                await pipeline.execute()

    async def hear(
        self, execution_id: ExecutionId, *, after: str, wait_s: float
    ) -> Sequence[Heard]:
        """Return what was told, or wait for it."""
        place = after if _PLACE.fullmatch(after) else BEGINNING
        until_ns = self._clock.monotonic_ns() + round(wait_s * 1e9)
        while True:
            left_s = (until_ns - self._clock.monotonic_ns()) / 1e9
            try:
                found = await self._read(_key(execution_id), place, min(left_s, _BLOCK_S))
            except AWAY:
                await self._clock.wait_s(max(0.0, min(left_s, _AGAIN_S)))
                found = []
            if found or left_s <= 0:
                return found

    async def _read(self, key: str, place: str, block_s: float) -> list[Heard]:
        blocking = ("BLOCK", max(1, round(block_s * 1000))) if block_s > 0 else ()
        async with self._readers:
            answer = await self._listener.execute_command(
                *("XREAD", "COUNT", MOST_NEWS, *blocking, "STREAMS", key, place)
            )
        return [_heard(entry) for entry in _entries(answer)]


def _key(execution_id: ExecutionId) -> str:
    return f"sanderling:progress:{execution_id}"


def _entries(answer: object) -> list[Any]:
    # The library gives one stream's entries as a list of pairs, or as a mapping.
    if not answer:
        return []
    if isinstance(answer, dict):
        (entries,) = cast("dict[object, list[Any]]", answer).values()
    else:
        ((_, entries),) = cast("list[tuple[object, list[Any]]]", answer)
    return entries


def _heard(entry: tuple[bytes, Mapping[bytes, bytes] | Sequence[bytes]]) -> Heard:
    place, fields = entry
    text: bytes = fields[b"news"] if isinstance(fields, Mapping) else fields[1]
    return Heard(place.decode(), News.decode(text.decode()))
