"""Runs functions behind the language layer alone, on systems that have no walls to put up.

For development, and never for code of strangers: a function that breaks the language layer is
free on this machine. A call gets a process of its own, a deadline, and a CPU limit where the
system has one; memory is not bounded. Every outcome says isolation none.
"""

import asyncio
import os
import time
from types import TracebackType
from typing import Self

import structlog

from drivers.boundedcache import BoundedCache
from drivers.errors import DriverError
from drivers.guest.channel import CALL
from drivers.guest.layers import LANGUAGE
from drivers.local.requests import bind_frame, call_frame, compile_frame
from drivers.local.settings import LocalSettings
from drivers.local.unlocked import NAME, UnlockedProcess
from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Health,
    HealthState,
    Invocation,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
)
from drivers.replies.compilations import ALLOWANCE, made_of, too_long
from drivers.replies.exchange import Reply, Terms
from drivers.replies.telling import told_as_text
from drivers.replies.verdicts import judge
from sanderling.kernel.units import MIB

_log = structlog.get_logger()

_AT_ONCE = 4
_DEPLOYED_ITEMS = 1024
_DEPLOYED_BYTES = 64 * MIB
_COMPILE_TERMS = Terms(ALLOWANCE.wall_s, ALLOWANCE.cpu_s, log_bytes=0)

_Deployed = tuple[Artifact, bytes]


class DevelopmentDriver:
    """Run each call in a fresh process without isolation."""

    name = NAME

    def __init__(self, settings: LocalSettings | None = None) -> None:
        """Prepare; nothing is started before the driver is entered."""
        self._settings = settings or LocalSettings()
        self._deployed: BoundedCache[ArtifactKey, _Deployed] = BoundedCache(
            items=_DEPLOYED_ITEMS, size_bytes=_DEPLOYED_BYTES
        )
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._in_flight = 0
        self._is_closing = False
        self._all_done = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Prove the language layer, for calling and for compiling.

        Raises:
            DriverError: it is not proven here; nothing was left running.

        """
        for kind in ("call", "compile"):
            async with UnlockedProcess(kind, self._settings):
                pass
        _log.warning("sandbox.omitted")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let calls in flight finish; each has a deadline of its own and ends its process."""
        self._is_closing = True
        if self._in_flight:
            await self._all_done.wait()

    async def deploy(self, artifact: Artifact) -> Deployment:
        """Compile `artifact` in a process of its own and keep the bytecode."""
        if self._deployed.get(artifact.key) is not None:
            return Deployment(OutcomeKind.OK)
        text = artifact.source.encode("utf-8", "surrogatepass")
        if len(text) > artifact.limits.source_bytes:
            return too_long(len(text), artifact.limits.source_bytes)
        nonce = os.urandom(8).hex().encode()
        request = compile_frame(text, nonce, artifact.limits, ALLOWANCE)
        try:
            async with self._gate, UnlockedProcess("compile", self._settings) as process:
                process.reader.allow_code()
                reply = await process.exchange(request, _COMPILE_TERMS)
        except DriverError as error:
            return Deployment(OutcomeKind.PLATFORM_ERROR, detail=error.detail)
        code = made_of(reply, nonce, artifact.source, artifact.limits)
        if isinstance(code, Deployment):
            return code
        size_bytes = len(code) + len(text)
        self._deployed.put(artifact.key, (artifact, code), size_bytes=size_bytes)
        return Deployment(OutcomeKind.OK)

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact."""
        self._deployed.pop(key)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one call."""
        deployed = self._deployed.get(invocation.key)
        if deployed is None:
            return Outcome(OutcomeKind.NOT_DEPLOYED, driver=NAME)
        size, most = len(invocation.event_json), deployed[0].limits.event_bytes
        if size > most:
            hit = LimitHit("event_bytes", most, size)
            return Outcome(OutcomeKind.PAYLOAD_TOO_LARGE, driver=NAME, limit=hit)
        if self._is_closing:
            detail = "The driver is closing."
            return Outcome(OutcomeKind.PLATFORM_ERROR, driver=NAME, detail=detail)
        if self._waiting >= self._settings.queue_limit:
            detail = "Too many calls at once: the waiting line is full."
            return Outcome(OutcomeKind.SATURATED, driver=NAME, detail=detail, retry_after_s=1.0)
        self._in_flight += 1
        try:
            return await self._run(*deployed, invocation)
        except DriverError as error:
            return Outcome(OutcomeKind.PLATFORM_ERROR, driver=NAME, detail=error.detail)
        finally:
            self._in_flight -= 1
            if self._is_closing and not self._in_flight:
                self._all_done.set()

    async def _run(self, artifact: Artifact, code: bytes, invocation: Invocation) -> Outcome:
        began_s = time.perf_counter()
        limits = artifact.limits
        wall_s = min(limits.wall_s, invocation.timeout_s or limits.wall_s)
        nonce = os.urandom(8).hex().encode()
        request = bind_frame(code, limits, calls=1)
        request += call_frame(CALL, nonce, invocation.context, invocation.event_json)
        self._waiting += 1
        try:
            await self._gate.acquire()
        finally:
            self._waiting -= 1
        try:
            async with UnlockedProcess("call", self._settings) as process:
                process.reader.allow(result_bytes=limits.result_bytes, log_bytes=limits.log_bytes)
                tell_log = invocation.tell_log and told_as_text(invocation.tell_log)
                terms = Terms(wall_s, limits.cpu_s, limits.log_bytes, tell_log)
                reply = await process.exchange(request, terms)
        finally:
            self._gate.release()
        return _outcome(reply, artifact, nonce, wall_s, time.perf_counter() - began_s)

    def capabilities(self) -> Capabilities:
        """Offer no isolation: the language layer stands alone."""
        isolations = frozenset({Isolation.NONE})
        return Capabilities(driver=NAME, isolations=isolations, layers=(LANGUAGE,))

    async def health(self) -> Health:
        """Report ok: having no walls is what was asked for."""
        numbers = {"busy": self._in_flight - self._waiting, "queue": self._waiting}
        return Health(HealthState.OK, numbers=numbers)


def _outcome(
    reply: Reply, artifact: Artifact, nonce: bytes, wall_s: float, duration_s: float
) -> Outcome:
    verdict = judge(reply, artifact, nonce, wall_s=wall_s, is_reused=False)
    return Outcome(
        verdict.kind,
        driver=NAME,
        duration_s=duration_s,
        result_json=verdict.result_json,
        error=verdict.error,
        detail=verdict.detail,
        logs=reply.log,
        logs_dropped_bytes=reply.dropped_bytes,
        limit=verdict.limit,
        isolation=Isolation.NONE,
        layers=(LANGUAGE,),
    )
