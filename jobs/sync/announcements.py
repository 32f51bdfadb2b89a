"""What functions are told of changes: one record event for each change of a record."""

import hashlib
from datetime import datetime

from jobs.sync.held import HeldEvent, HeldMessage
from jobs.sync.items import Event, Message, Moment
from jobs.sync.provider import AccountRef
from jobs.sync.rules import (
    MailPolicy,
    is_event_shown,
    is_outgoing,
    subject_shown,
    text_shown,
)
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.jsontext import JSON

MESSAGE, CALENDAR_EVENT = "message", "calendar_event"
MOST_TEXT_CHARS = 64 * 1024
MOST_NAMED = 200
_LONGEST_FIELD = 4096


def record_id(prefix: str, *parts: str) -> str:
    """Return the id of a record, which is the same however often it is brought in."""
    digest = hashlib.blake2b("\0".join(parts).encode(errors="replace"), digest_size=16)
    return f"{prefix}_{digest.hexdigest()}"


class Announcer:
    """Makes record events for one account at one moment."""

    def __init__(self, account: AccountRef, policy: MailPolicy, now: datetime) -> None:
        """Announce changes of `account` that are seen at `now`, as far as `policy` shows them."""
        self._account = account
        self._policy = policy
        self.now = now

    def message(
        self,
        operation: RecordOperation,
        before: HeldMessage | None,
        after: HeldMessage,
        content: Message | None = None,
    ) -> RecordChanged:
        """Return the event of a message; `content` comes with what is new to people."""
        is_gone = operation is RecordOperation.DELETED
        is_new = operation is RecordOperation.CREATED
        fields: tuple[str, ...] = ()
        if operation is RecordOperation.UPDATED and before is not None:
            fields = _changed(before, after)
        return RecordChanged(
            workspace_id=self._account.workspace_id,
            event_id=f"{after.record_id}.{after.revision}",
            object=MESSAGE,
            operation=operation,
            record_id=after.record_id,
            happened_at=self.now,
            before=None if is_new else self._held(before or after),
            after=None if is_gone else {**self._held(after), **self._content(content)},
            updated_fields=fields,
        )

    def _held(self, held: HeldMessage) -> dict[str, JSON]:
        return {
            "id": held.record_id,
            "accountId": self._account.id,
            "threadId": _clean(held.thread_id[:_LONGEST_FIELD]),
            "folders": [*map(_clean, sorted(held.folders))],
            "isRead": held.is_read,
        }

    def _content(self, message: Message | None) -> dict[str, JSON]:
        if message is None:
            return {}
        shown = text_shown(message, self._policy.visibility)
        subject = subject_shown(message, self._policy.visibility)
        return {
            "direction": "outgoing" if is_outgoing(message, self._policy) else "incoming",
            "sentAt": _when(message.sent_at),
            "receivedAt": _when(message.received_at),
            "subject": None if subject is None else _clean(subject[:_LONGEST_FIELD]),
            "text": None if shown is None else _clean(shown[:MOST_TEXT_CHARS]),
            "participants": [
                {
                    "role": each.role.value,
                    "name": _clean(each.address.name[:_LONGEST_FIELD]),
                    "email": _clean(each.address.email[:_LONGEST_FIELD]),
                }
                for each in message.participants[:MOST_NAMED]
            ],
            "attachments": len(message.attachments),
        }

    def event(
        self, operation: RecordOperation, before: HeldEvent | None, after: HeldEvent
    ) -> RecordChanged:
        """Return the event of a calendar's event."""
        fields: tuple[str, ...] = ()
        if operation is RecordOperation.UPDATED and before is not None:
            old, new = self._event(before), self._event(after)
            fields = tuple(name for name, value in new.items() if old[name] != value)
        return RecordChanged(
            workspace_id=self._account.workspace_id,
            event_id=f"{after.record_id}.{after.revision}",
            object=CALENDAR_EVENT,
            operation=operation,
            record_id=after.record_id,
            happened_at=self.now,
            before=None if operation is RecordOperation.CREATED else self._event(before or after),
            after=None if operation is RecordOperation.DELETED else self._event(after),
            updated_fields=fields,
        )

    def _event(self, held: HeldEvent) -> dict[str, JSON]:
        event: Event = held.event
        is_open = is_event_shown(event, self._policy.visibility)
        return {
            "id": held.record_id,
            "accountId": self._account.id,
            "status": event.status.value,
            "title": _clean(event.title[:_LONGEST_FIELD]) if is_open else None,
            "location": _clean(event.location[:_LONGEST_FIELD]) if is_open else None,
            "description": _clean(event.description[:MOST_TEXT_CHARS]) if is_open else None,
            "start": _moment(event.start),
            "end": _moment(event.end),
            "recurrence": [*map(_clean, event.recurrence[:MOST_NAMED])],
            "attendees": [
                {"email": _clean(each.email[:_LONGEST_FIELD]), "response": each.response.value}
                for each in event.attendees[:MOST_NAMED]
            ],
        }


def _changed(before: HeldMessage, after: HeldMessage) -> tuple[str, ...]:
    names: list[str] = []
    if before.folders != after.folders:
        names.append("folders")
    if before.is_read != after.is_read:
        names.append("isRead")
    return tuple(names)


def _moment(moment: Moment) -> JSON:
    if moment.day is not None:
        return {"day": moment.day.isoformat()}
    zone = None if moment.zone is None else _clean(moment.zone)
    return {"at": _when(moment.at), "zone": zone}


def _when(moment: datetime | None) -> JSON:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _clean(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # Lone surrogates have no form in JSON, and one of them would refuse the whole event.
        return text.encode("utf-8", "replace").decode()
    return text
