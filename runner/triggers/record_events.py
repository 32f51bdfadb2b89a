"""What systems that own records tell of them: batches of changes, each kept once."""

import re
from collections.abc import Sequence

import structlog

from runner.triggers.errors import RecordEventRefused
from runner.triggers.outbox import OutboxEvent, RecordOutbox, outbox_event
from runner.triggers.record_pattern import is_field_name, is_object_name
from sanderling.access.permission import Permission, Permissions, require
from sanderling.access.principal import Principal
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Refusal
from sanderling.kernel.events import EventBus, RecordChanged, RecordOperation
from sanderling.kernel.units import MIB

log = structlog.get_logger()

MOST_IN_BATCH = 1000
MOST_FIELDS = 500
LONGEST_ID = 128
MOST_EVENT_BYTES = 1 * MIB

_EVENT_ID = re.compile(rf"[!-~]{{1,{LONGEST_ID}}}")


class RecordEvents:
    """Keep changes of records in the principal's own workspace, for the functions that watch them.

    What returns is kept: each function that watches a change is called once for it, whatever ends
    meanwhile. When the database is away `StoreUnavailableError` is raised and nothing is kept.
    """

    def __init__(
        self, outbox: RecordOutbox, clock: Clock, bus: EventBus, permissions: Permissions
    ) -> None:
        """Keep changes in `outbox` and announce new ones on `bus`."""
        self._outbox = outbox
        self._clock = clock
        self._bus = bus
        self._permissions = permissions

    async def announce(
        self, principal: Principal, changes: Sequence[RecordChanged]
    ) -> tuple[bool | Refusal, ...]:
        """Return for each change whether it is new, False for a known id, or why it is not kept.

        One change does not hinder another. All are of the principal's workspace.

        Raises:
            Forbidden: the principal does not hold `records.announce`.
            RecordEventRefused: it is empty, or more than fits in one batch.

        """
        require(self._permissions, principal, Permission.RECORDS_ANNOUNCE)
        if not 0 < len(changes) <= MOST_IN_BATCH:
            raise RecordEventRefused(reason=f"a batch holds 1 to {MOST_IN_BATCH} events")
        answers: list[bool | Refusal] = []
        kept: list[tuple[int, OutboxEvent]] = []
        for index, changed in enumerate(changes):
            answers.append(False)
            try:
                kept.append((index, self._checked(changed)))
            except Refusal as refusal:
                answers[index] = refusal
        added = await self._outbox.add([event for _, event in kept]) if kept else ()
        for (index, _), is_new in zip(kept, added, strict=True):
            answers[index] = is_new
            if is_new:
                self._bus.publish(changes[index])
        log.debug(
            "record.announced", workspace_id=principal.workspace_id, count=sum(map(bool, added))
        )
        return tuple(answers)

    def _checked(self, changed: RecordChanged) -> OutboxEvent:
        _check(
            _EVENT_ID.fullmatch(changed.event_id) is not None,
            f"`id` is 1 to {LONGEST_ID} printable ASCII characters without spaces",
        )
        _check(is_object_name(changed.object), "`object` is a name of letters, digits and _")
        _check(
            0 < len(changed.record_id) <= LONGEST_ID and changed.record_id.isprintable(),
            f"`record_id` is 1 to {LONGEST_ID} printable characters",
        )
        fields = changed.updated_fields
        _check(
            not fields or changed.operation is RecordOperation.UPDATED,
            "`updated_fields` goes with the operation updated",
        )
        _check(
            len(fields) <= MOST_FIELDS and all(map(is_field_name, fields)),
            f"`updated_fields` has at most {MOST_FIELDS} names of letters, digits and _",
        )
        event = outbox_event(changed, self._clock.now())
        _check(
            len(event.event_json) <= MOST_EVENT_BYTES,
            f"`before` and `after` have at most {MOST_EVENT_BYTES} bytes together",
        )
        return event


def _check(is_fine: bool, reason: str) -> None:  # noqa: FBT001 - reads as the sentence it is.
    if not is_fine:
        raise RecordEventRefused(reason=reason)
