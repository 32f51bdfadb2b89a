"""Keeps ids of providers within what every store can hold, before anything is made of them.

An id that a database refuses would end each slice of its stream in turn, and what comes after it
would never come in. So an item whose own id is not fit is left out, which is counted, and the
cursor goes on. An id that an item only refers to, its thread, its labels or its series, is kept as
a stand-in: what was the same stays the same.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jobs.sync.items import CalendarRef, Event, Folder, Message
from jobs.sync.provider import (
    CalendarProvider,
    Change,
    Fetched,
    FoldersSet,
    MailProvider,
    Page,
    Removed,
    Upserted,
    Wanted,
)

MOST_ID_BYTES: Final = 1024
"""Two of them fit one row of an index of PostgreSQL, which holds 2,704 bytes."""

_STAND_IN: Final = "unfit:"
_MARKED = re.compile(r"[\0\\\ud800-\udfff]")


def is_fit(remote_id: str) -> bool:
    """Claim that an item can be kept under this id, and asked for by it."""
    return remote_id != "" and _is_short(remote_id) and not remote_id.startswith(_STAND_IN)


def stand_in(remote_id: str) -> str:
    """Return what stands for an id that is not fit: the same for the same id, and never fit."""
    digest = hashlib.sha256(remote_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{_STAND_IN}{digest}"


def reference(remote_id: str) -> str:
    """Return an id that an item refers to, or what stands for it; empty where there is none."""
    return remote_id if _is_short(remote_id) else stand_in(remote_id)


def _is_short(text: str) -> bool:
    if text.isascii() and "\\" not in text and "\0" not in text:
        return len(text) <= MOST_ID_BYTES
    # A database keeps what it cannot hold as a mark.
    return len(_MARKED.sub(_mark, text).encode()) <= MOST_ID_BYTES


def _mark(_: re.Match[str]) -> str:
    return "\\u0000"


@dataclass(frozen=True, slots=True)
class BoundedMail:
    """Serve what a provider of mail tells, without what cannot be kept.

    `leave_out` is told how many messages or folders of an answer were left out.
    """

    inner: MailProvider
    leave_out: Callable[[int], None]

    async def folders(self) -> tuple[Folder, ...]:
        """Return the folders that can be followed, and every label."""
        told = await self.inner.folders()
        kept = tuple(
            each if each.is_synced else replace(each, remote_id=reference(each.remote_id))
            for each in told
            if not each.is_synced or each.remote_id == "" or is_fit(each.remote_id)
        )
        self.leave_out(len(told) - len(kept))
        return kept

    async def cursor_before_scan(self, folder: str) -> str | None:
        """Return where changes begin."""
        return await self.inner.cursor_before_scan(folder)

    async def scan(self, folder: str, page: str | None) -> Page[Change]:
        """Return a page of a scan."""
        return self._page(await self.inner.scan(folder, page))

    async def changes(self, folder: str, cursor: str, page: str | None) -> Page[Change]:
        """Return a page of changes."""
        return self._page(await self.inner.changes(folder, cursor, page))

    async def fetch(self, wanted: Sequence[Wanted]) -> Mapping[str, Fetched]:
        """Return what became of each wanted message."""
        found = await self.inner.fetch(wanted)
        return {
            remote_id: _message(one) if isinstance(one, Message) else one
            for remote_id, one in found.items()
        }

    async def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return an attachment's bytes."""
        return await self.inner.attachment(message_id, attachment_id)

    def _page(self, page: Page[Change]) -> Page[Change]:
        kept = tuple(_change(each) for each in page.items if is_fit(each.remote_id))
        # What is gone was never kept under such an id, so nothing is missing for it.
        told = sum(not isinstance(each, Removed) for each in page.items)
        self.leave_out(told - sum(not isinstance(each, Removed) for each in kept))
        return replace(page, items=kept)


@dataclass(frozen=True, slots=True)
class BoundedCalendar:
    """Serve what a provider of calendars tells, without what cannot be kept."""

    inner: CalendarProvider
    leave_out: Callable[[int], None]

    async def calendars(self) -> tuple[CalendarRef, ...]:
        """Return the calendars that can be followed."""
        told = await self.inner.calendars()
        kept = tuple(each for each in told if is_fit(each.remote_id))
        self.leave_out(len(told) - len(kept))
        return kept

    async def scan(self, calendar: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of a scan."""
        return self._page(await self.inner.scan(calendar, page))

    async def changes(self, calendar: str, cursor: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of changes."""
        return self._page(await self.inner.changes(calendar, cursor, page))

    def _page(self, page: Page[Event | Removed]) -> Page[Event | Removed]:
        kept = tuple(_event(each) for each in page.items if is_fit(each.remote_id))
        told = sum(isinstance(each, Event) for each in page.items)
        self.leave_out(told - sum(isinstance(each, Event) for each in kept))
        return replace(page, items=kept)


def _change(change: Change) -> Change:
    match change:
        case Upserted():
            thread = None if change.thread_id is None else reference(change.thread_id)
            added, removed = _references(change.folders_added), _references(change.folders_removed)
            after = (thread, added, removed)
            if after == (change.thread_id, change.folders_added, change.folders_removed):
                return change
            return replace(change, thread_id=thread, folders_added=added, folders_removed=removed)
        case FoldersSet():
            return replace(change, folders=_references(change.folders))
        case Removed():
            return change


def _message(message: Message) -> Message:
    thread, folders = reference(message.thread_id), _references(message.folders)
    if (thread, folders) == (message.thread_id, message.folders):
        return message
    return replace(message, thread_id=thread, folders=folders)


def _event(event: Event | Removed) -> Event | Removed:
    if isinstance(event, Removed) or event.recurring_id is None:
        return event
    recurring_id = reference(event.recurring_id)
    # To make an event anew takes longer than to read one of its fields, and nearly all ids fit.
    return (
        event if recurring_id == event.recurring_id else replace(event, recurring_id=recurring_id)
    )


def _references(folders: frozenset[str]) -> frozenset[str]:
    # Of most messages the folders are few, and all of them fit.
    return folders if all(map(_is_short, folders)) else frozenset(map(reference, folders))
