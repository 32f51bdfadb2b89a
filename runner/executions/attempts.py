"""One attempt of an execution: the same stations that any call passes from dispatch on."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from drivers.port import Outcome, OutcomeKind, TellLog
from runner.call import CallRecord, CallRequest, Selector
from runner.dispatch import Call, Dispatch
from runner.errors import FunctionUnknown, VersionUnknown, VersionUnpublished
from runner.executions.execution import Execution
from runner.record import Record
from runner.target import Target, Targets
from sanderling.access.principal import Principal, Role
from sanderling.kernel.clock import Clock

GONE = (FunctionUnknown, VersionUnpublished, VersionUnknown)
"""Why an execution has no code to run."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """How an attempt ended, and whether what it ran may be run again."""

    record: CallRecord
    is_idempotent: bool


class Attempts:
    """Run attempts and keep their records; who may call and how often was settled before."""

    def __init__(self, targets: Targets, dispatch: Dispatch, record: Record, clock: Clock) -> None:
        """Join the stations."""
        self._targets = targets
        self._dispatch = dispatch
        self._record = record
        self._clock = clock

    async def find(self, execution: Execution) -> Target:
        """Return what an execution runs now.

        Raises:
            FunctionUnknown: its function is gone, also when another has its name since.
            VersionUnpublished: nothing of it is live.
            VersionUnknown: the version is gone.

        """
        target = await self._targets.find(
            execution.workspace_id, execution.function_name, execution.version or Selector.LIVE
        )
        if target.function_id != execution.function_id:
            raise FunctionUnknown(name=execution.function_name)
        return target

    async def run(
        self, execution: Execution, target: Target, tell_log: TellLog | None = None
    ) -> Attempted:
        """Return how the attempt ended, recorded as the call that the claim numbered.

        Cancelling ends the guest; the record then says that nobody knows how far it got.

        Raises:
            InvalidJSON: the event is not strict JSON; nothing ran.
            StoreUnavailableError: the source could not be read; nothing ran.

        """
        call = self._open(execution, target)
        try:
            outcome = await self._dispatch.run(call, tell_log)
        except asyncio.CancelledError:
            self._record.close(call, self._dispatch.stopped())
            raise
        return Attempted(self._record.close(call, outcome), target.is_idempotent)

    def lose(self, execution: Execution, target: Target) -> None:
        """Record that nobody knows how the attempt of a worker that is gone ended.

        Where that worker did record its end, that record stays.
        """
        detail = "The process that ran it ended, or could not be reached, before it told more."
        outcome = Outcome(OutcomeKind.UNKNOWN_OUTCOME, self._dispatch.driver_name, detail=detail)
        self._record.close(self._open(execution, target), outcome)

    def _open(self, execution: Execution, target: Target) -> Call:
        request = CallRequest(
            credential=None,
            function=execution.function_name,
            event_json=execution.event_json,
            request_id=execution.request_id,
            trigger=execution.trigger,
            timeout_s=_timeout_s(execution, self._clock.now()),
            call_id=execution.call_id,
            execution_id=execution.id,
        )
        # Who may call was settled when it was submitted; only the key is told on.
        principal = Principal(execution.workspace_id, Role.MEMBER, key_id=execution.key_id)
        now = self._clock.now()
        queued_s = max(0.0, (now - execution.due_at).total_seconds())
        return self._record.open(principal, target, request, queued_s=queued_s)


def _timeout_s(execution: Execution, now: datetime) -> float | None:
    """Return what is left: what was asked for, within the deadline."""
    if execution.deadline_at is None:
        return execution.timeout_s
    # An attempt that was claimed in time is not refused for the microseconds since.
    left_s = max((execution.deadline_at - now).total_seconds(), 0.001)
    return left_s if execution.timeout_s is None else min(execution.timeout_s, left_s)
