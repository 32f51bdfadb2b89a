"""Has sources compiled in workers of their own, and keeps the bytecode as opaque bytes.

The host never parses a source and never unmarshals what comes back.
"""

import hashlib
import os

from drivers.boundedcache import BoundedCache
from drivers.errors import DriverError
from drivers.fairplaces import FairPlaces
from drivers.limits import Limits
from drivers.local.pool import Pool
from drivers.local.requests import compile_frame
from drivers.local.settings import LocalSettings
from drivers.local.starting import Starting
from drivers.local.waiting import Saturated
from drivers.port import ArtifactKey, Deployment, OutcomeKind
from drivers.replies.compilations import ALLOWANCE, made_of, too_long, unfinished
from drivers.replies.exchange import Ending, Terms

_TERMS = Terms(ALLOWANCE.wall_s, ALLOWANCE.cpu_s, log_bytes=0)
_AT_ONCE = 2
_MOST_UNSENT = 3

MOST_COMPILING_BYTES = _AT_ONCE * ALLOWANCE.memory_bytes
"""What compilations may take together, beside the calls."""

_Key = tuple[bytes, int, int, int]


class Compiler:
    """Turn sources into bytecode; owns the compiling pool and the cache."""

    def __init__(self, pool: Pool, settings: LocalSettings) -> None:
        """Use `pool`, which the first source starts if nobody did."""
        self._pool = pool
        self._cache: BoundedCache[_Key, bytes] = BoundedCache(
            items=settings.bytecode_items, size_bytes=settings.bytecode_bytes
        )
        self._line = FairPlaces(_AT_ONCE)
        self._start = Starting(pool)

    @property
    def problem(self) -> str:
        """Why sources cannot be compiled just now; empty when they can, as far as is known."""
        if self._start.failure or self._pool.failure:
            return self._start.failure or self._pool.failure
        return "Workers of the compiler end before they are ready." if self._pool.is_failing else ""

    def start_soon(self) -> None:
        """Start the pool in the background, so that the first source need not wait as long."""
        self._start.begin()

    async def compile(self, source: str, limits: Limits, owner: ArtifactKey) -> bytes | Deployment:
        """Return the bytecode of `source`, or why there is none; `owner` waits for a turn."""
        text = source.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(text).digest()
        key = (digest, limits.source_bytes, limits.ast_nodes, limits.ast_depth)
        code = self._cache.get(key)
        if code is not None:
            return code
        if len(text) > limits.source_bytes:
            return too_long(len(text), limits.source_bytes)
        async with self._line.place(owner):
            made = await self._compile(text, source, limits)
        if isinstance(made, bytes):
            self._cache.put(key, made, size_bytes=len(made))
        return made

    async def _compile(self, text: bytes, source: str, limits: Limits) -> bytes | Deployment:
        try:
            await self._start.wait()
        except DriverError as error:
            return Deployment(OutcomeKind.PLATFORM_ERROR, detail=error.detail)
        nonce = os.urandom(8).hex().encode()
        request = compile_frame(text, nonce, limits, ALLOWANCE)
        for _ in range(_MOST_UNSENT):
            worker = await self._pool.take(ALLOWANCE.memory_bytes)
            if isinstance(worker, Saturated):
                return Deployment(OutcomeKind.SATURATED, detail=f"Not compiled: {worker.reason}.")
            worker.allow_code()
            try:
                reply = await worker.exchange(request, _TERMS)
            finally:
                self._pool.release(worker, ALLOWANCE.memory_bytes)
            if reply.ending is not Ending.UNSENT:
                return made_of(reply, nonce, source, limits)
        return unfinished("workers end before they are used")

    async def close(self) -> None:
        """End the pool."""
        await self._start.close()
