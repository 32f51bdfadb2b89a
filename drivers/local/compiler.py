"""Has sources compiled in workers of their own, and keeps the bytecode as opaque bytes.

The host never parses a source and never unmarshals what comes back.
"""

import asyncio
import hashlib
import os
import signal

import structlog

from drivers.errors import DriverError
from drivers.guest.channel import CODE
from drivers.limits import Limits
from drivers.local.answers import Excess, read_failure
from drivers.local.boundedcache import BoundedCache
from drivers.local.exchange import Ending, Reply, Terms
from drivers.local.frames import ProtocolViolated
from drivers.local.pool import Pool, Saturated
from drivers.local.requests import compile_frame
from drivers.local.settings import LocalSettings
from drivers.local.starting import Starting
from drivers.port import CodeProblem, Deployment, GuestError, LimitHit, OutcomeKind
from sanderling.kernel.units import MIB

_log = structlog.get_logger()

ALLOWANCE = Limits(wall_s=20.0, cpu_s=8.0, memory_bytes=384 * MIB)
"""What one compilation may take."""

_TERMS = Terms(ALLOWANCE.wall_s, ALLOWANCE.cpu_s, log_bytes=0)
_AT_ONCE = 2
_MOST_UNSENT = 3
_COUNTED = frozenset({"source_bytes", "ast_nodes", "ast_depth"})
_UNBEARABLE = {
    "compile_wall_s": "Compiling the source took longer than {:g} s.",
    "compile_cpu_s": "Compiling the source took longer than {:g} s of CPU time.",
    "compile_memory_bytes": "Compiling the source needs more than {} bytes of memory.",
}

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
        self._gate = asyncio.Semaphore(_AT_ONCE)
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

    async def compile(self, source: str, limits: Limits) -> bytes | Deployment:
        """Return the bytecode of `source`, or why there is none."""
        text = source.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(text).digest()
        key = (digest, limits.source_bytes, limits.ast_nodes, limits.ast_depth)
        code = self._cache.get(key)
        if code is not None:
            return code
        if len(text) > limits.source_bytes:
            return too_long(len(text), limits.source_bytes)
        async with self._gate:
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
        return _unfinished("workers end before they are used")

    async def close(self) -> None:
        """End the pool."""
        await self._start.close()


def made_of(reply: Reply, nonce: bytes, source: str, limits: Limits) -> bytes | Deployment:
    """Return the bytecode that a worker answered with, or why there is none."""
    if reply.ending is not Ending.ANSWERED:
        _log.warning("source.not-compiled", ending=reply.ending and reply.ending.value)
        if _was_ended_from_outside(reply):
            return _unfinished("its worker was ended from outside")
        return _unbearable(reply)
    if reply.kind == CODE:
        return reply.body
    try:
        failure = read_failure(reply.body, nonce, source)
    except ProtocolViolated as violated:
        return Deployment(OutcomeKind.BAD_CODE, detail=violated.detail)
    return Deployment(
        OutcomeKind.BAD_CODE, error=failure.error, limit=_limit_hit(failure.excess, limits)
    )


def _limit_hit(excess: Excess | None, limits: Limits) -> LimitHit | None:
    """Return the limit in our own numbers; what was counted is the worker's word."""
    if excess is None or excess.name not in _COUNTED:
        return None
    return LimitHit(excess.name, getattr(limits, excess.name), excess.observed)


def _was_ended_from_outside(reply: Reply) -> bool:
    if reply.ending is not Ending.GONE:
        return False
    # The compiler's own limits end it with other signals; SIGKILL comes from somebody else.
    return reply.death is None or reply.death.status == signal.SIGKILL


def _unfinished(reason: str) -> Deployment:
    return Deployment(OutcomeKind.PLATFORM_ERROR, detail=f"Not compiled: {reason}; try again.")


def _unbearable(reply: Reply) -> Deployment:
    """Refuse a source that the compiler did not survive, or not in time."""
    limit = _overrun(reply)
    message = "Compiling the source failed."
    if limit is not None:
        message = _UNBEARABLE[limit.name].format(limit.allowed)
    hint = "Make the source smaller and its expressions flatter."
    return _refused(CodeProblem(message, hint=hint), limit)


def _overrun(reply: Reply) -> LimitHit | None:
    if reply.ending is Ending.WALL:
        return LimitHit("compile_wall_s", ALLOWANCE.wall_s, round(reply.wall_s, 3))
    if reply.ending is Ending.CPU:
        used_s = None if reply.cpu_s is None else round(reply.cpu_s, 3)
        return LimitHit("compile_cpu_s", ALLOWANCE.cpu_s, used_s)
    if reply.death is not None and reply.death.lacked_memory:
        return LimitHit("compile_memory_bytes", ALLOWANCE.memory_bytes, None)
    return None


def too_long(size: int, most: int) -> Deployment:
    """Refuse a source of `size` bytes."""
    message = f"The source has {size} bytes; at most {most} are allowed."
    problem = CodeProblem(message, line=1, column=1, hint="Split it into several functions.")
    return _refused(problem, LimitHit("source_bytes", most, size))


def _refused(problem: CodeProblem, limit: LimitHit | None) -> Deployment:
    error = GuestError(
        type="CodeRejected",
        message=problem.message,
        line=problem.line,
        column=problem.column,
        hint=problem.hint,
        problems=(problem,),
    )
    return Deployment(OutcomeKind.BAD_CODE, error=error, limit=limit)
