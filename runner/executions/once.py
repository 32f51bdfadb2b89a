"""Calls that are waited for, made once under an idempotency key."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from drivers.limits import CEILINGS
from drivers.port import GUEST_RAN, Outcome, OutcomeKind
from runner.answer import answer_json, called_text
from runner.call import CallRecord, CallRequest
from runner.executions.errors import IdempotencyConflict, IdempotencyInFlight
from runner.executions.ports import (
    Abandoned,
    Answered,
    Begun,
    IdempotencyKey,
    IdempotencyKeys,
    InFlight,
    KeyTaken,
)
from runner.executions.request import KEYS_LAST, Submitter, check_idempotency_key
from runner.gate import Gate
from runner.outcome_json import outcome_text
from runner.pipeline import Pipeline
from runner.target import Targets
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Fault, Refusal, StoreUnavailableError
from sanderling.kernel.ids import CallId, Ids, WorkspaceId
from sanderling.kernel.jsontext import encode
from sanderling.metering.ports import Admission

log = structlog.get_logger()

IN_FLIGHT = timedelta(seconds=CEILINGS["wall_s"] + 120)
"""How long a call may take, with time to queue, before nobody believes that it is being made."""

_ASK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What an earlier call under the same key was answered."""

    answer: bytes


def _nobody(_: Admission) -> None:
    pass


class Once:
    """Make a call under an idempotency key, or answer as the one before was answered.

    A key is kept for a day, and stands for the call's function, version, timeout and event. A call
    that was refused, or whose code did not run, frees its key. One whose process ended in the
    middle is answered `unknown_outcome`, unless its function declares that running it again does
    no harm. When the database is away no call with a key is made.
    """

    def __init__(
        self,
        keys: IdempotencyKeys,
        pipeline: Pipeline,
        gate: Gate,
        targets: Targets,
        *,
        ids: Ids,
        clock: Clock,
    ) -> None:
        """Keep answers in `keys` and make calls through `pipeline`."""
        self._keys = keys
        self._pipeline = pipeline
        self._gate = gate
        self._targets = targets
        self._ids = ids
        self._clock = clock

    async def call(
        self,
        request: CallRequest,
        key_text: str,
        *,
        tell: Callable[[Admission], None] = _nobody,
    ) -> CallRecord | Replayed:
        """Return the record of the call, or the answer to the one that was made before.

        Raises:
            ExecutionRefused: the key is no word for one.
            IdempotencyConflict: the key stands for something else.
            IdempotencyInFlight: the call is being made at this moment.
            RateLimited: the API's rules are used up, whatever the key stands for.
            Refusal: as the pipeline refuses; the key is free again.

        """
        check_idempotency_key(key_text)
        principal = await self._gate.authenticate(request.credential)
        now = self._clock.now()
        key = IdempotencyKey(
            caller=Submitter.of(principal).caller,
            key=key_text,
            body_digest=_digest(request),
            created_at=now,
            expires_at=now + IN_FLIGHT,
        )
        for _ in range(2):
            call_id = self._ids.call()
            begun = await self._keys.begin(principal.workspace_id, key, call_id)
            match begun:
                case Begun():
                    numbered = replace(request, call_id=call_id)
                    return await self._make(principal, numbered, key, call_id, tell)
                case Answered(answer):
                    tell(await self._count(principal))
                    return Replayed(answer)
                case KeyTaken():
                    tell(await self._count(principal))
                    raise IdempotencyConflict(key=key_text)
                case Abandoned(lost_id):
                    told = await self._abandoned(principal, request, key, lost_id)
                    if told is not None:
                        tell(await self._count(principal))
                        return Replayed(told)
                case InFlight():
                    tell(await self._count(principal))
                    break
        raise IdempotencyInFlight(key=key_text, retry_after_s=_ASK_AGAIN_S)

    async def _count(self, principal: Principal) -> Admission:
        """Count a request that the pipeline never sees: it cost a look into the database."""
        return await self._gate.limit(self._gate.api_rules(principal))

    async def _make(
        self,
        principal: Principal,
        request: CallRequest,
        key: IdempotencyKey,
        call_id: CallId,
        tell: Callable[[Admission], None],
    ) -> CallRecord:
        workspace_id = principal.workspace_id
        try:
            report = await self._pipeline.call(request, tell=tell)
        except (Refusal, Fault):
            await self._keys.release(workspace_id, key, call_id)
            raise
        await self._note(workspace_id, key, report.record)
        return report.record

    async def _note(
        self, workspace_id: WorkspaceId, key: IdempotencyKey, record: CallRecord
    ) -> None:
        try:
            if record.outcome.kind in GUEST_RAN:
                longer = replace(key, expires_at=self._clock.now() + KEYS_LAST)
                await self._keys.complete(workspace_id, longer, record.id, answer_json(record))
            else:
                await self._keys.release(workspace_id, key, record.id)
        except StoreUnavailableError as fault:
            # The call was made, so its caller is answered; who asks again is told that nobody
            # knows, once the time of the call is over.
            log.warning("idempotency.not-kept", call_id=record.id, reason=fault.facts["reason"])

    async def _abandoned(
        self, principal: Principal, request: CallRequest, key: IdempotencyKey, lost_id: CallId
    ) -> bytes | None:
        """Return what a call is answered whose process ended; None frees the key to try again."""
        workspace_id = principal.workspace_id
        target = await self._targets.find(workspace_id, request.function, request.version)
        if target.is_idempotent:
            await self._keys.release(workspace_id, key, lost_id)
            return None
        outcome = Outcome(
            OutcomeKind.UNKNOWN_OUTCOME,
            "unknown",
            detail="The process that made this call ended before its outcome was kept.",
        )
        called = called_text(target.function_name, target.version)
        answer = outcome_text(outcome, b'"call_id":%b,%b' % (encode(lost_id), called))
        longer = replace(key, expires_at=self._clock.now() + KEYS_LAST)
        await self._keys.complete(workspace_id, longer, lost_id, answer)
        return answer


def _digest(request: CallRequest) -> str:
    words = ("call", request.function, str(request.version), request.trigger.value)
    members = [*words, request.timeout_s]
    text = json.dumps(members, separators=(",", ":")).encode()
    return hashlib.sha256(b"%b\n%b" % (text, request.event_json)).hexdigest()
