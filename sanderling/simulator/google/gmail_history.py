"""What changed in a mailbox, as Gmail tells it."""

from typing import Any

from sanderling.simulator.core.exchange import Answer
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.mailbox import Change, ChangeKind
from sanderling.simulator.google import page_token
from sanderling.simulator.google.errors import bad_value, not_found
from sanderling.simulator.google.gate import Ask
from sanderling.simulator.google.gmail_ids import (
    UINT64,
    history_id,
    labels_of,
    message_id,
    seq_before,
)

_TYPES = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
_PAGE, _MOST = 100, 500


def list_history(ask: Ask) -> Answer:
    """Answer `users.history.list`: what happened after an id, the oldest first."""
    mailbox, asked = ask.person.mailbox, ask.asked
    start = _start(asked.one("startHistoryId"))
    if start < history_id(mailbox.floor):
        raise not_found()
    wanted = asked.all("historyTypes")
    if any(name not in _TYPES for name in wanted):
        raise bad_value("historyTypes", ",".join(wanted))
    after = _after(asked.one("pageToken"), start)
    size = ask.number("maxResults", _PAGE, _MOST)
    records: list[dict[str, Any]] = []
    next_page = None
    if asked.fault is FaultKind.PAGE_EMPTY:
        next_page = page_token.written("history", after=after)
    else:
        for change in mailbox.changes_after(seq_before(after)):
            if history_id(change.seq) <= after or not _is_wanted(change, asked.one("labelId")):
                continue
            record = _record(change, wanted)
            if record is None:
                continue
            if len(records) == size:
                last = int(records[-1]["id"])
                last -= asked.fault is FaultKind.PAGE_DUPLICATE
                next_page = page_token.written("history", after=last)
                break
            records.append(record)
    value: dict[str, Any] = {"historyId": str(history_id(mailbox.seq))}
    if records:
        value["history"] = records
    if next_page:
        value["nextPageToken"] = next_page
    return ask.answer(value)


def _start(text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit() or int(text) >= UINT64:
        raise bad_value("startHistoryId", text)
    return int(text)


def _after(token: str | None, start: int) -> int:
    if token is None:
        return start
    found = page_token.read("history", token)
    if found is None:
        raise bad_value("pageToken", token)
    return max(int(found["after"]), start)


def _is_wanted(change: Change, label: str | None) -> bool:
    return label is None or label in labels_of(change.mail) or label in change.places_removed


def _record(change: Change, wanted: tuple[str, ...]) -> dict[str, Any] | None:
    mail = change.mail
    bare = {"id": message_id(mail.number), "threadId": message_id(mail.thread)}
    told = {**bare, "labelIds": sorted(labels_of(mail))}
    found: dict[str, Any] = {}
    added, removed = _labels(change)
    if change.kind is ChangeKind.ADDED:
        found["messageAdded"] = [{"message": told}]
    elif change.kind is ChangeKind.DELETED:
        found["messageDeleted"] = [{"message": told}]
    if added:
        found["labelAdded"] = [{"message": told, "labelIds": sorted(added)}]
    if removed:
        found["labelRemoved"] = [{"message": told, "labelIds": sorted(removed)}]
    kept = {_TYPES[name]: value for name, value in found.items() if not wanted or name in wanted}
    if not kept and (found or wanted):
        return None
    return {"id": str(history_id(change.seq)), "messages": [bare], **kept}


def _labels(change: Change) -> tuple[frozenset[str], frozenset[str]]:
    """Return the labels that came and went; being unread is one."""
    unread = frozenset({"UNREAD"})
    if change.kind is ChangeKind.UNREAD:
        return unread, frozenset()
    if change.kind is ChangeKind.READ:
        return frozenset(), unread
    return change.places_added, change.places_removed
