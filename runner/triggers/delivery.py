"""Brings record events to the functions that watch them: one call for each, and no second one.

An event waits in the outbox until a call is queued for every enabled trigger that watches it.
Each call is submitted under a key made of trigger and event, so however often an event is
delivered, in however many processes, a function is called once for it. What failed is tried again
alone: triggers whose calls are queued are noted with the event.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from runner.call import Trigger as Word
from runner.errors import FunctionUnknown, RateLimited, VersionUnpublished
from runner.executions.errors import ExecutionRefused, IdempotencyConflict
from runner.executions.ports import Added
from runner.executions.request import ExecutionRequest, Submitter
from runner.executions.retry import Backoff
from runner.triggers.outbox import EventState, OutboxEvent, RecordOutbox
from runner.triggers.ports import TriggerStore
from runner.triggers.record_pattern import read_event_name
from runner.triggers.trigger import RecordWatch, Trigger, TriggerKind
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure
from sanderling.kernel.events import RecordOperation
from sanderling.kernel.ids import Ids, TriggerId, WorkspaceId

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
AT_ONCE = 50
"""How many events are claimed together; all of them are settled within one lease."""

GIVES_UP_AFTER = timedelta(hours=12)
"""How long an event is tried, well within the day for which keys of executions are known."""

KEPT_FOR = timedelta(days=7)
"""How long an event that came is known by its id."""

BACKOFF = Backoff(first_s=1.0, most_s=300.0)

FINAL = (FunctionUnknown, VersionUnpublished, ExecutionRefused)
"""Refusals that another attempt would meet again."""


class _Submission(Protocol):
    async def submit_for(self, submitter: Submitter, request: ExecutionRequest) -> Added: ...


class RecordDelivery:
    """Submit a call for every trigger that watches an event, and settle the event.

    Any number of processes may deliver at the same time.
    """

    def __init__(
        self,
        outbox: RecordOutbox,
        triggers: TriggerStore,
        submission: _Submission,
        ids: Ids,
        clock: Clock,
        *,
        random: Callable[[], float],
    ) -> None:
        """Take events from `outbox` and hand calls to `submission`."""
        self._outbox = outbox
        self._triggers = triggers
        self._submission = submission
        self._ids = ids
        self._clock = clock
        self._random = random

    async def deliver_due(self) -> int:
        """Deliver events that are due and return how many it were; 0 when nothing is left.

        Raises:
            StoreUnavailableError: the database is away; whatever was claimed is due again later.

        """
        now = self._clock.now()
        events = await self._outbox.claim(now, lease_until=now + LEASE, limit=AT_ONCE)
        watching: dict[WorkspaceId, Sequence[Trigger]] = {}
        for event in events:
            if event.workspace_id not in watching:
                watching[event.workspace_id] = await self._triggers.enabled_triggers(
                    event.workspace_id, TriggerKind.RECORD
                )
            await self._deliver(event, watching[event.workspace_id])
        return len(events)

    async def _deliver(self, event: OutboxEvent, triggers: Sequence[Trigger]) -> None:
        delivered, wait_s, is_open = list(event.delivered), 0.0, False
        reasons: list[str] = []
        for trigger in triggers:
            if trigger.id in delivered or not watches(trigger, event):
                continue
            try:
                await self._submit(event, trigger)
            except IdempotencyConflict:
                # Queued before, when the function or the event was told otherwise.
                delivered.append(trigger.id)
            except FINAL as refusal:
                delivered.append(trigger.id)
                reasons.append(f"{trigger.id}: {refusal.code}")
            except RateLimited as refusal:
                is_open, wait_s = True, max(wait_s, refusal.resets_in_s)
                reasons.append(f"{trigger.id}: {refusal.code}")
            except Failure as failure:
                is_open = True
                reasons.append(f"{trigger.id}: {failure.code}")
            else:
                delivered.append(trigger.id)
        after = self._after(event, delivered, is_open=is_open, wait_s=wait_s)
        await self._outbox.settle(replace(after, detail="; ".join(reasons)))
        if reasons:
            self._tell(after, reasons)

    def _after(
        self, event: OutboxEvent, delivered: list[TriggerId], *, is_open: bool, wait_s: float
    ) -> OutboxEvent:
        now = self._clock.now()
        event = replace(event, delivered=tuple(delivered))
        if not is_open:
            return replace(event, state=EventState.DELIVERED)
        if event.created_at + GIVES_UP_AFTER <= now:
            return replace(event, state=EventState.DEAD)
        pause_s = BACKOFF.pause_s(event.attempts, self._random, at_least_s=wait_s)
        return replace(event, due_at=_later(now, pause_s))

    async def _submit(self, event: OutboxEvent, trigger: Trigger) -> None:
        await self._submission.submit_for(
            Submitter(event.workspace_id, caller=f"trigger:{trigger.id}"),
            ExecutionRequest(
                function=trigger.function_name,
                event_json=event.event_json,
                request_id=self._ids.request(),
                trigger=Word.RECORD,
                idempotency_key=f"record:{trigger.id}:{event.id}",
            ),
        )

    def _tell(self, event: OutboxEvent, reasons: Sequence[str]) -> None:
        log.info(
            "record.refused" if event.state is not EventState.WAITING else "record.delayed",
            event_id=event.id,
            workspace_id=event.workspace_id,
            attempts=event.attempts,
            reason="; ".join(reasons),
        )


def watches(trigger: Trigger, event: OutboxEvent) -> bool:
    """Claim that a trigger waits for such an event."""
    settings = trigger.settings
    if not isinstance(settings, RecordWatch):
        return False
    if not read_event_name(settings.event_name).matches(event.object, event.operation):
        return False
    if event.operation is not RecordOperation.UPDATED or not settings.updated_fields:
        return True
    return not set(settings.updated_fields).isdisjoint(event.updated_fields)


def _later(now: datetime, pause_s: float) -> datetime:
    return now + timedelta(seconds=pause_s)
