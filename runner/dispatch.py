"""The fourth station: hand a call to the driver and come back with an outcome."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from drivers.limits import LimitRefused
from drivers.port import (
    Artifact,
    ArtifactKey,
    Deployment,
    Driver,
    Invocation,
    LimitHit,
    Outcome,
    OutcomeKind,
    TellLog,
)
from runner.call import CallRequest
from runner.fairness.refusal import TurnedAway
from runner.fairness.turnstile import Turnstile, TurnstileStatistics
from runner.function import Definition
from runner.ports import FunctionStore
from runner.target import Target
from sanderling.access.principal import Principal
from sanderling.kernel import jsontext
from sanderling.kernel.flights import Flights
from sanderling.kernel.ids import CallId
from sanderling.kernel.jsontext import JSON

log = structlog.get_logger()

DEPLOY_TIMEOUT_S = 30.0
"""How long a driver may take to look at new code before the caller is told that it failed."""

_MOST_DEPLOYMENTS = 3
_LEASE_MARGIN_S = 30.0


@dataclass(slots=True)
class Call:
    """A call under way: admitted, numbered, not yet ended.

    `queued_s` is how long it has waited for the driver; only the station that lets it wait adds
    to it.
    """

    id: CallId
    started_at: datetime
    principal: Principal
    target: Target
    request: CallRequest
    queued_s: float = 0.0

    @property
    def timeout_s(self) -> float:
        """Seconds that the guest has: what was asked for, within what the version allows."""
        wall_s = self.target.limits.wall_s
        asked_s = self.request.timeout_s
        return wall_s if asked_s is None else min(asked_s, wall_s)


def context_of(call: Call) -> dict[str, JSON]:
    """Return what the handler is told about its call."""
    target = call.target
    return {
        "call_id": call.id,
        "function": target.function_name,
        "version": target.version,
        "workspace_id": target.workspace_id,
        "trigger": call.request.trigger.value,
        "request_id": call.request.request_id,
        "timeout_s": call.timeout_s,
    }


class Dispatch:
    """Check the event, wait for room, deploy where needed, run the guest once."""

    def __init__(
        self,
        driver: Driver,
        store: FunctionStore,
        turnstile: Turnstile | None = None,
        *,
        deploy_timeout_s: float = DEPLOY_TIMEOUT_S,
    ) -> None:
        """Run calls on `driver`, with sources from `store`, past `turnstile` if there is one."""
        self._driver = driver
        self._store = store
        self._turnstile = turnstile or Turnstile()
        self._deploy_timeout_s = deploy_timeout_s
        self._deployments: Flights[ArtifactKey, Deployment] = Flights()

    async def run(self, call: Call, tell_log: TellLog | None = None) -> Outcome:
        """Return what happened; what the driver raises, which it must not, is an outcome too.

        `tell_log` hears what the guest logs while it runs.

        Raises:
            InvalidJSON: the event is not strict JSON; nothing ran.
            LimitRefused: the timeout that was asked for is no time; nothing ran.
            StoreUnavailableError: the source had to be read and could not be; nothing ran.

        """
        too_large = self._too_large(call)
        if too_large is not None:
            return too_large
        _check(call)
        target = call.target
        if not self._turnstile.enter_nowait(target):
            return await self._run_in_turn(call, tell_log)
        try:
            return await self._serve(call, tell_log)
        finally:
            self._turnstile.leave(target)

    async def _run_in_turn(self, call: Call, tell_log: TellLog | None) -> Outcome:
        # Longer than everything that follows may take, so that no slot ends under its call.
        lease_s = call.timeout_s + _MOST_DEPLOYMENTS * self._deploy_timeout_s + _LEASE_MARGIN_S
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        entered = await self._turnstile.enter(call.target, lease_s=lease_s)
        call.queued_s += loop.time() - began_s
        if isinstance(entered, TurnedAway):
            return Outcome(
                entered.kind,
                self._driver.name,
                detail=entered.detail,
                retry_after_s=entered.retry_after_s,
            )
        try:
            return await self._serve(call, tell_log)
        finally:
            await self._turnstile.leave_with(call.target, entered)

    async def _serve(self, call: Call, tell_log: TellLog | None) -> Outcome:
        outcome = await self._invoke(call, tell_log)
        # Once is enough, unless another driver takes over between deploying and calling.
        for _ in range(_MOST_DEPLOYMENTS):
            if outcome.kind is not OutcomeKind.NOT_DEPLOYED:
                break
            deployment = await self._deployments.share(
                call.target.key, lambda: self._deploy(call.target)
            )
            if deployment.kind is not OutcomeKind.OK:
                return self._ended(deployment.kind, deployment=deployment)
            outcome = await self._invoke(call, tell_log)
        return outcome

    @property
    def driver_name(self) -> str:
        """The word that outcomes carry."""
        return self._driver.name

    def stopped(self) -> Outcome:
        """Return the outcome of a call that was ended from our side while it was running."""
        return self._ended(
            OutcomeKind.UNKNOWN_OUTCOME,
            detail="It was cancelled while it ran. The function was stopped, perhaps midway.",
        )

    def statistics(self) -> TurnstileStatistics:
        """Return how many calls run and wait in this process now."""
        return self._turnstile.statistics()

    def abandoned(self) -> Outcome:
        """Return the outcome of a call whose caller went away while it was running."""
        return self._ended(
            OutcomeKind.UNKNOWN_OUTCOME,
            detail="The caller went away before the end. The function was stopped, perhaps midway.",
        )

    def _ended(
        self, kind: OutcomeKind, *, detail: str = "", deployment: Deployment | None = None
    ) -> Outcome:
        if deployment is None:
            return Outcome(kind, self._driver.name, detail=detail)
        return Outcome(
            kind,
            self._driver.name,
            error=deployment.error,
            detail=deployment.detail,
            limit=deployment.limit,
        )

    def _too_large(self, call: Call) -> Outcome | None:
        allowed, observed = call.target.limits.event_bytes, len(call.request.event_json)
        if observed <= allowed:
            return None
        return Outcome(
            OutcomeKind.PAYLOAD_TOO_LARGE,
            self._driver.name,
            detail=f"The event has {observed} bytes; this function takes at most {allowed}.",
            limit=LimitHit("event_bytes", allowed, observed),
        )

    async def _invoke(self, call: Call, tell_log: TellLog | None) -> Outcome:
        invocation = Invocation(
            call_id=call.id,
            key=call.target.key,
            event_json=call.request.event_json,
            context=context_of(call),
            timeout_s=call.timeout_s,
            tell_log=tell_log,
            is_idempotent=call.target.is_idempotent,
        )
        try:
            return await self._driver.invoke(invocation)
        except Exception:
            # The top of a call: a fault of the driver costs this call and nothing else.
            log.exception("driver.raised", driver=self._driver.name, call_id=call.id)
            # What raised may have come after the guest: nobody may take this for safe to repeat.
            return self._ended(
                OutcomeKind.UNKNOWN_OUTCOME,
                detail="The driver failed; the log of the server tells where. "
                "The function may have run, perhaps to its end.",
            )

    async def _deploy(self, target: Target) -> Deployment:
        definition = await self._definition(target)
        if definition is None or definition.digest != target.key.digest:
            return Deployment(
                OutcomeKind.NOT_DEPLOYED,
                detail="The function was changed or deleted at this moment. Call again.",
            )
        artifact = Artifact(
            target.key,
            definition.source,
            definition.limits,
            definition.isolation,
            is_draft=target.version is None,
        )
        try:
            async with asyncio.timeout(self._deploy_timeout_s):
                return await self._driver.deploy(artifact)
        except TimeoutError:
            return Deployment(
                OutcomeKind.PLATFORM_ERROR,
                detail=f"The driver took more than {self._deploy_timeout_s:g} s to get the code "
                "ready; nothing ran. Call again shortly.",
            )
        except Exception:
            # As above: it costs those who waited for it.
            log.exception("driver.raised", driver=self._driver.name, function_id=target.function_id)
            return Deployment(
                OutcomeKind.PLATFORM_ERROR,
                detail="The driver did not take the code; the log of the server tells why.",
            )

    async def _definition(self, target: Target) -> Definition | None:
        if target.version is None:
            function = await self._store.find_function(target.workspace_id, target.function_name)
            return function.draft if function else None
        version = await self._store.find_version(
            target.workspace_id, target.function_id, target.version
        )
        return version.definition if version else None


def _check(call: Call) -> None:
    if not call.timeout_s > 0:
        raise LimitRefused(
            name="timeout_s", asked=call.timeout_s, ceiling=call.target.limits.wall_s
        )
    jsontext.decode(call.request.event_json)
