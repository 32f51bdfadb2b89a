"""The call river: authenticate, permit, limit, dispatch, record."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from runner.call import CallRecord, CallRequest, Selector, Trigger
from runner.dispatch import Call, Dispatch
from runner.errors import FunctionUnknown, VersionUnknown, VersionUnpublished
from runner.fairness.turnstile import TurnstileStatistics
from runner.gate import Gate
from runner.record import Record
from runner.target import Target, Targets
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal, TriggerCaller
from sanderling.kernel.errors import Refusal
from sanderling.kernel.events import CallRefused, EventBus
from sanderling.kernel.ids import WorkspaceId
from sanderling.metering.ports import Admission, Rule

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CallReport:
    """What the caller gets: the record of its call, and how its rate limits stand."""

    record: CallRecord
    admission: Admission


def _nobody(_: Admission) -> None:
    pass


class Pipeline:
    """Carry calls past the five stations; a station that refuses ends the way.

    A refused call reached no driver and is not recorded. A call that was admitted is recorded,
    whatever happens to it, also when its caller goes away.
    """

    def __init__(
        self, gate: Gate, targets: Targets, dispatch: Dispatch, record: Record, bus: EventBus
    ) -> None:
        """Join the stations."""
        self._gate = gate
        self._targets = targets
        self._dispatch = dispatch
        self._record = record
        self._bus = bus

    def statistics(self) -> TurnstileStatistics:
        """Return how many calls run and wait in this process now."""
        return self._dispatch.statistics()

    async def call(
        self, request: CallRequest, *, tell: Callable[[Admission], None] = _nobody
    ) -> CallReport:
        """Run one call and return its record.

        `tell` hears how the rate limits stand once the request was counted, so that a caller who
        is refused afterwards knows it too. A workflow's call may wait in line before it is run.

        Raises:
            Unauthenticated: there is no credential; KeyMalformed, KeyUnknown, KeyExpired: no good.
            Forbidden: the principal may not call functions, or not drafts.
            RateLimited: a rule is used up; nothing was counted.
            FunctionUnknown: the workspace has no such function.
            VersionUnpublished: it was never published.
            VersionUnknown: it has no version of this number.
            InvalidJSON: the event is not strict JSON.
            LimitRefused: the timeout that was asked for is no time.

        """
        workspace_id: WorkspaceId | None = None
        try:
            principal = await self._gate.authenticate(request.credential)
            workspace_id = principal.workspace_id
            self._permit(principal, request)
            target = await self._find(principal, request, tell)
            admission = await self._limit(principal, request, target)
            tell(admission)
            call = self._record.open(principal, target, request)
            return CallReport(await self._carry(call), admission)
        except Refusal as refusal:
            log.info("call.refused", code=refusal.code, request_id=request.request_id)
            self._bus.publish(CallRefused(refusal.code, workspace_id))
            raise

    def _permit(self, principal: Principal, request: CallRequest) -> None:
        self._gate.permit(principal, Permission.FUNCTIONS_CALL)
        if request.version is Selector.DRAFT:
            # A draft is code that nobody released: running it is part of writing it.
            self._gate.permit(principal, Permission.FUNCTIONS_WRITE)

    def _rules(self, principal: Principal, request: CallRequest, target: Target) -> Sequence[Rule]:
        if isinstance(request.credential, TriggerCaller):
            # The trigger counted whoever set it off; only the run is counted here.
            entry = self._gate.api_rules(principal)
            return tuple(rule for rule in target.rules if rule not in entry)
        return target.rules

    async def _limit(self, principal: Principal, request: CallRequest, target: Target) -> Admission:
        if request.trigger is Trigger.WORKFLOW:
            return await self._gate.limit_in_line(target.workflow_rules)
        return await self._gate.limit(self._rules(principal, request, target))

    async def _find(
        self, principal: Principal, request: CallRequest, tell: Callable[[Admission], None]
    ) -> Target:
        try:
            return await self._targets.find(
                principal.workspace_id, request.function, request.version
            )
        except (FunctionUnknown, VersionUnpublished, VersionUnknown):
            # Trying out names counts as an API request, but leaves the executions alone.
            if not isinstance(request.credential, TriggerCaller):
                tell(await self._gate.limit(self._gate.api_rules(principal)))
            raise

    async def _carry(self, call: Call) -> CallRecord:
        try:
            outcome = await self._dispatch.run(call)
        except asyncio.CancelledError:
            self._record.close(call, self._dispatch.abandoned())
            raise
        return self._record.close(call, outcome)
