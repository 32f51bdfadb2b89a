"""Calls that are made again, from what is kept of them."""

from collections.abc import Callable
from dataclasses import dataclass

from runner.call import CallRecord, CallRequest, Part, Selector, Trigger, Withholding
from runner.errors import CallUnknown, FunctionUnknown, ReplayRefused, VersionUnknown
from runner.gate import Gate
from runner.pipeline import CallReport, Pipeline
from runner.ports import CallLog
from runner.target import Targets
from sanderling.access.permission import Permission
from sanderling.access.principal import Credential, Principal
from sanderling.kernel.ids import CallId, RequestId, is_id
from sanderling.metering.ports import Admission

_LOST = {
    Withholding.REDACTED: "values were redacted from its event",
    Withholding.TOO_LARGE: "its event was too large to be kept",
    Withholding.TURNED_OFF: "its event is not kept",
}


@dataclass(frozen=True, slots=True)
class AskedReplay:
    """Which call to make again, and with what.

    `event_json` None means the event that it had. `version` None means the very code that ran.
    """

    call_id: str
    event_json: bytes | None = None
    version: Selector | int | None = Selector.LIVE
    timeout_s: float | None = None


def _nobody(_: Admission) -> None:
    pass


class Replays:
    """Make calls again: new calls, that count against the limits and know what they repeat."""

    def __init__(self, call_log: CallLog, gate: Gate, targets: Targets, pipeline: Pipeline) -> None:
        """Look calls up in `call_log`, and run them through `pipeline`."""
        self._call_log = call_log
        self._gate = gate
        self._targets = targets
        self._pipeline = pipeline

    async def replay(
        self,
        credential: Credential | None,
        asked: AskedReplay,
        *,
        request_id: RequestId,
        tell: Callable[[Admission], None] = _nobody,
    ) -> CallReport:
        """Run a kept call once more and return the new record; `tell` is as for any call.

        Raises:
            Forbidden: the principal may not read calls, or not make them.
            CallUnknown: the workspace has no call of this id.
            ReplayRefused: its event is not kept as it was, or the code that ran is gone.

        And what the pipeline raises.

        """
        principal = await self._gate.authenticate(credential)
        self._gate.permit(principal, Permission.CALLS_READ)
        self._gate.permit(principal, Permission.FUNCTIONS_CALL)
        try:
            request = await self._request(principal, credential, asked, request_id)
        except (CallUnknown, ReplayRefused):
            # Trying out ids counts as an API request, as trying out names does.
            tell(await self._gate.limit(self._gate.api_rules(principal)))
            raise
        return await self._pipeline.call(request, tell=tell)

    async def _request(
        self,
        principal: Principal,
        credential: Credential | None,
        asked: AskedReplay,
        request_id: RequestId,
    ) -> CallRequest:
        record = await self._find(principal, asked.call_id)
        if record is None:
            raise CallUnknown(call_id=asked.call_id)
        return CallRequest(
            credential=credential,
            function=record.function_name,
            event_json=_event(record) if asked.event_json is None else asked.event_json,
            request_id=request_id,
            version=await self._same(record) if asked.version is None else asked.version,
            trigger=Trigger.MANUAL,
            timeout_s=asked.timeout_s,
            replay_of=record.id,
        )

    async def _find(self, principal: Principal, call_id: str) -> CallRecord | None:
        if not is_id(call_id, "call"):
            return None
        return await self._call_log.find_call(principal.workspace_id, CallId(call_id))

    async def _same(self, record: CallRecord) -> Selector | int:
        """Return what names the code that ran, as long as it still does."""
        version = Selector.DRAFT if record.version is None else record.version
        try:
            target = await self._targets.find(record.workspace_id, record.function_name, version)
        except (FunctionUnknown, VersionUnknown):
            target = None
        if target is None or target.key.digest != record.digest:
            raise ReplayRefused(call_id=record.id, reason="the code that ran is no longer there")
        return version


def _event(record: CallRecord) -> bytes:
    lost = next((each.reason for each in record.withheld if each.part is Part.EVENT), None)
    if lost is not None:
        raise ReplayRefused(call_id=record.id, reason=_LOST[lost])
    return record.event_json
