"""The last station: keep what happened and tell who listens."""

from drivers.port import Outcome, OutcomeKind
from runner.call import CallRecord, CallRequest
from runner.dispatch import Call
from runner.keeping import Keeping
from runner.ports import CallLog
from runner.target import Target
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.events import CallFinished, EventBus
from sanderling.kernel.ids import Ids

NO_EVENT = b"null"


class Record:
    """Open a call with an id and a moment; close it with a record."""

    def __init__(
        self,
        call_log: CallLog,
        bus: EventBus,
        ids: Ids,
        clock: Clock,
        *,
        keeping: Keeping | None = None,
    ) -> None:
        """Keep in `call_log` what `keeping` makes of records, and announce calls on `bus`."""
        self._keeping = keeping or Keeping()
        self._call_log = call_log
        self._bus = bus
        self._ids = ids
        self._clock = clock

    def open(
        self,
        principal: Principal,
        target: Target,
        request: CallRequest,
        *,
        queued_s: float = 0.0,
    ) -> Call:
        """Return a call that starts now, after it waited for `queued_s` seconds."""
        call_id = request.call_id or self._ids.call()
        return Call(call_id, self._clock.now(), principal, target, request, queued_s)

    def close(self, call: Call, outcome: Outcome) -> CallRecord:
        """Return the record of a call that ended now, which is kept and announced.

        It is the whole call, for the caller; the log gets what is kept of it.
        """
        too_large = outcome.kind is OutcomeKind.PAYLOAD_TOO_LARGE
        target, request = call.target, call.request
        record = CallRecord(
            id=call.id,
            workspace_id=target.workspace_id,
            function_id=target.function_id,
            function_name=target.function_name,
            version=target.version,
            digest=target.key.digest,
            trigger=request.trigger,
            key_id=call.principal.key_id,
            request_id=request.request_id,
            started_at=call.started_at,
            event_json=NO_EVENT if too_large else request.event_json,
            outcome=outcome,
            queued_s=call.queued_s,
            execution_id=request.execution_id,
            replay_of=request.replay_of,
        )
        self._call_log.record_nowait(self._keeping.kept(record))
        self._bus.publish(
            CallFinished(
                call_id=call.id,
                workspace_id=target.workspace_id,
                function_id=target.function_id,
                outcome=outcome.kind,
                driver=outcome.driver,
                duration_s=outcome.duration_s,
                finished_at=self._clock.now(),
                trigger=request.trigger.value,
                queued_s=call.queued_s,
            )
        )
        return record
