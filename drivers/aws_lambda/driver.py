"""The Lambda driver: every version is a function of its own, made once and never changed."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import structlog

from drivers.aws_lambda.bill import read_bill
from drivers.aws_lambda.caller import CLOSING, Answer, Caller, Request
from drivers.aws_lambda.clients import Connection
from drivers.aws_lambda.collector import GRACE, Collected, collect
from drivers.aws_lambda.control import Control
from drivers.aws_lambda.deployer import Deployed, Deployer
from drivers.aws_lambda.endings import Ended, ended, faulted
from drivers.aws_lambda.envelope import MOST_PAYLOAD_BYTES, call_request
from drivers.aws_lambda.faults import Fault, Refused
from drivers.aws_lambda.health import Ledger, Rights
from drivers.aws_lambda.refusals import note_refusal
from drivers.aws_lambda.runner import Runner
from drivers.aws_lambda.settings import NAME, LambdaSettings
from drivers.boundedcache import BoundedCache
from drivers.errors import DriverError
from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Health,
    Invocation,
    Isolation,
    LimitHit,
    Outcome,
    OutcomeKind,
)
from drivers.replies.compilations import is_final
from drivers.replies.verdicts import Verdict
from sanderling.kernel.units import MIB

_log = structlog.get_logger()

_DEPLOYED_ITEMS = 65_536
_DEPLOYED_BYTES = 256 * MIB
_REJECTED_ITEMS = 4096
_CONTROL_THREADS = 8
# An environment may take ten seconds to start before the time of a call begins.
_PATIENCE_S = 25.0


class LambdaDriver:
    """Run functions on AWS Lambda.

    Every call has a process of its own; the micro virtual machine around it serves one version of
    one function, or, for drafts on the shared runner, one workspace. A cancelled call is not
    stopped there: it ends by itself at its own limit, and what it answers is dropped.
    """

    name = NAME

    def __init__(
        self,
        settings: LambdaSettings,
        *,
        connection: Connection | None = None,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Prepare; boto3 is loaded and AWS is asked when the driver is entered."""
        self._settings = settings
        connection = connection or Connection(settings)
        self._threads = ThreadPoolExecutor(_CONTROL_THREADS, "sanderling-lambda-control")
        self._control = Control(connection, settings, pause=pause)
        self._caller = Caller(connection, settings, wait=wait)
        self._runner = Runner(self._caller, self._control, self._threads, settings)
        self._deployer = Deployer(self._caller, self._control, self._threads, settings)
        self._deployed: BoundedCache[ArtifactKey, Deployed] = BoundedCache(
            items=_DEPLOYED_ITEMS, size_bytes=_DEPLOYED_BYTES
        )
        self._rejected: BoundedCache[ArtifactKey, Deployment] = BoundedCache(
            items=_REJECTED_ITEMS, size_bytes=_REJECTED_ITEMS
        )
        self._rights = Rights(self._runner)
        self._ledger = Ledger(settings.architecture)
        self._is_closing = False

    async def __aenter__(self) -> Self:
        """Connect, see that the runner is there, and have it prove its walls.

        Raises:
            DriverError: a setting or a permission is missing; the reason names it.

        """
        try:
            await self._runner.start()
        except Refused as refused:
            await self._close()
            raise _told(refused.fault) from None
        except BaseException:
            # Whoever gives up would wait for minutes where nobody answers; what is under way ends
            # by itself, and a runner that it makes all the same is found by the next start.
            self._caller.abandon()
            self._threads.shutdown(wait=False, cancel_futures=True)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let calls and deployments under way finish; each has a deadline of its own."""
        self._is_closing = True
        await self._close()

    async def _close(self) -> None:
        await self._deployer.close()
        await self._caller.close()
        await asyncio.to_thread(self._threads.shutdown)

    async def deploy(self, artifact: Artifact) -> Deployment:
        """See that the function is there and that AWS's Python compiles it.

        A draft is compiled by the shared runner, where there is one; nothing is made for it.
        """
        known = self._deployed.get(artifact.key)
        if known is not None and (artifact.is_draft or not known.is_on_runner):
            return Deployment(OutcomeKind.OK)
        rejected = self._rejected.get(artifact.key)
        if rejected is not None:
            # Else whoever calls it again and again has functions made and removed for all others.
            return rejected
        if self._is_closing:
            return Deployment(OutcomeKind.PLATFORM_ERROR, detail=CLOSING)
        if artifact.is_draft and self._runner.takes(artifact):
            deployment, name = await self._runner.compile(artifact), self._runner.name
            deployed = Deployed(artifact, name, is_on_runner=True)
        else:
            deployment, name = await self._deployer.deploy(artifact)
            deployed = Deployed(artifact, name, is_on_runner=False)
        if deployment.kind is OutcomeKind.OK:
            self._deployed.put(artifact.key, deployed, size_bytes=len(artifact.source))
        elif is_final(deployment):
            self._rejected.put(artifact.key, deployment, size_bytes=1)
        return deployment

    async def delete(self, key: ArtifactKey) -> None:
        """Forget an artifact and remove its function; the next deployment makes it again."""
        self._rejected.pop(key)
        known = self._deployed.pop(key)
        if known is not None and known.is_on_runner:
            return
        await self._deployer.remove(key)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one call."""
        deployed = self._deployed.get(invocation.key)
        if deployed is None:
            return Outcome(OutcomeKind.NOT_DEPLOYED, driver=NAME)
        artifact = deployed.artifact
        size, most = len(invocation.event_json), artifact.limits.event_bytes
        if size > most:
            hit = LimitHit("event_bytes", most, size)
            return Outcome(OutcomeKind.PAYLOAD_TOO_LARGE, driver=NAME, limit=hit)
        if self._is_closing:
            return Outcome(OutcomeKind.PLATFORM_ERROR, driver=NAME, detail=CLOSING)
        return await self._call(deployed, invocation)

    async def _call(self, deployed: Deployed, invocation: Invocation) -> Outcome:
        began_s = time.perf_counter()
        artifact, nonce = deployed.artifact, os.urandom(8).hex().encode()
        wall_s = min(artifact.limits.wall_s, invocation.timeout_s or artifact.limits.wall_s)
        payload = call_request(
            invocation.event_json,
            invocation.context,
            nonce=nonce,
            wall_s=wall_s,
            function=deployed.function,
        )
        if len(payload) > MOST_PAYLOAD_BYTES:
            hit = LimitHit("event_bytes", MOST_PAYLOAD_BYTES, len(payload))
            detail = "With its envelope the event is larger than AWS Lambda takes."
            return Outcome(OutcomeKind.PAYLOAD_TOO_LARGE, driver=NAME, limit=hit, detail=detail)
        tenant = self._runner.tenant_of(artifact) if deployed.is_on_runner else ""
        request = Request(
            deployed.name,
            payload,
            tenant=tenant,
            is_idempotent=invocation.is_idempotent,
            patience_s=wall_s + _PATIENCE_S,
        )
        got = await self._caller.send(request)
        retry_after_s = got.retry_after_s if isinstance(got, Fault) else None
        if isinstance(got, Answer):
            end = ended(got, artifact, nonce, wall_s=wall_s)
        else:
            end = self._faulted(got, deployed, len(payload))
        self._note(got, end, invocation)
        return _outcome(end, artifact, time.perf_counter() - began_s, retry_after_s)

    def _faulted(self, got: Fault, deployed: Deployed, sent_bytes: int) -> Ended:
        if got.kind is OutcomeKind.NOT_DEPLOYED:
            # Somebody removed it; whoever asks now deploys it again.
            self._deployed.pop(deployed.artifact.key)
        return Ended(faulted(got, sent_bytes=sent_bytes, most_bytes=MOST_PAYLOAD_BYTES))

    def _note(self, got: Answer | Fault, end: Ended, invocation: Invocation) -> None:
        self._caller.tally.calls += 1
        if isinstance(got, Fault):
            self._rights.note(got)
            _log.warning(
                "lambda.refused",
                code=got.code,
                permission=got.permission,
                outcome=got.kind.value,
                call_id=invocation.call_id,
            )
            return
        self._ledger.note(
            read_bill(got.log_tail), is_cold=bool(end.envelope and end.envelope.is_cold)
        )
        if end.verdict.is_violation:
            _log.warning(
                "sandbox.violated",
                call_id=invocation.call_id,
                workspace_id=invocation.key.workspace_id,
                function_id=invocation.key.function_id,
                outcome=end.verdict.kind.value,
            )

    async def collect(
        self, keep: Collection[ArtifactKey], *, now: datetime, grace: timedelta = GRACE
    ) -> Collected:
        """Remove functions of our namespace that nothing in `keep` names, but for the newest.

        Raises:
            DriverError: AWS would not tell or remove.

        """
        loop = asyncio.get_running_loop()
        try:
            collected = await loop.run_in_executor(
                self._threads,
                lambda: collect(self._control, keep, self._settings, now=now, grace=grace),
            )
        except Refused as refused:
            raise _told(refused.fault) from None
        _log.info(
            "lambda.collected",
            removed=len(collected.removed),
            kept=collected.kept,
            foreign=len(collected.foreign),
        )
        return collected

    def capabilities(self) -> Capabilities:
        """Say what the runner proved at start."""
        return Capabilities(
            driver=NAME,
            isolations=frozenset({Isolation.CALL, Isolation.FUNCTION}),
            layers=self._runner.layers,
            python=self._runner.python,
        )

    async def health(self) -> Health:
        """Say whether a call would be served now, as a call without effect found out."""
        numbers = {
            "busy": self._caller.tally.busy,
            "queue": self._caller.tally.waiting,
            "calls": self._caller.tally.calls,
            "retries": self._caller.tally.retries,
            **self._ledger.numbers(),
        }
        return await self._rights.health(numbers)


def _told(fault: Fault) -> DriverError:
    """Log `fault`, which no call met, and return what to raise."""
    note_refusal(fault)
    return DriverError(driver=NAME, reason=fault.detail.removesuffix("."))


def _outcome(
    end: Ended, artifact: Artifact, duration_s: float, retry_after_s: float | None
) -> Outcome:
    verdict: Verdict = end.verdict
    envelope = end.envelope
    reply = envelope.reply if envelope else None
    return Outcome(
        verdict.kind,
        driver=NAME,
        duration_s=duration_s,
        result_json=verdict.result_json,
        error=verdict.error,
        detail=verdict.detail,
        logs=reply.log if reply else "",
        logs_dropped_bytes=reply.dropped_bytes if reply else 0,
        limit=verdict.limit,
        cpu_s=reply.cpu_s if reply else None,
        memory_bytes=reply.memory_bytes if reply else None,
        isolation=artifact.isolation if envelope else Isolation.NONE,
        layers=envelope.layers if envelope else (),
        retry_after_s=retry_after_s,
    )
