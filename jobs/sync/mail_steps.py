"""What a provider's answer changes of an account's mail: pure steps between values.

The rules behind them, each of which a test would miss:
what left a folder is gone only if it is not in another one; what changed earlier than what is
kept changes nothing; what is not known is fetched, and stays wanted until its content is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jobs.sync.announcements import Announcer, record_id
from jobs.sync.held import Contact, HeldMessage, MailBatch, Place, Presence, Reason, Want, Written
from jobs.sync.items import Message
from jobs.sync.provider import AccountRef, Change, FoldersSet, Gone, Removed, Upserted
from jobs.sync.rules import FolderRules, MailPolicy, contacts_of, exclusion, is_outgoing
from sanderling.kernel.events import RecordChanged, RecordOperation

WHOLE = ""


@dataclass(frozen=True, slots=True)
class Views:
    """By whose eyes answers are read: the account, what its owner chose, and who announces."""

    account: AccountRef
    policy: MailPolicy
    folders: FolderRules
    announcer: Announcer


class MailDraft:
    """Gathers what a batch of answers changes; made for one transaction and then thrown away."""

    def __init__(self, views: Views, held: Mapping[str, HeldMessage]) -> None:
        """Start from what is kept now."""
        self._views = views
        self._held = dict(held)
        self._written: dict[str, Written] = {}
        self._moved: dict[str, HeldMessage] = {}
        self._wanted: dict[str, Want] = {}
        self._done: set[str] = set()
        self._arrived: set[str] = set()
        self._events: list[RecordChanged] = []
        self._contacts: dict[str, Contact] = {}

    def batch(self, *places: Place, closed: Iterable[str] = ()) -> MailBatch:
        """Return all of it, with how far the folders are then."""
        return MailBatch(
            written=tuple(self._written.values()),
            moved=tuple(self._moved.values()),
            wanted=tuple(self._wanted.values()),
            done=frozenset(self._done),
            arrived=frozenset(self._arrived),
            places=places,
            closed=frozenset(closed),
            events=tuple(self._events),
            contacts=tuple(self._contacts.values()),
        )

    @property
    def touched(self) -> frozenset[str]:
        """The messages that were told of."""
        return frozenset(self._moved) | frozenset(self._wanted)

    @property
    def reached(self) -> frozenset[str]:
        """The folders that messages with content are in."""
        written = self._written.values()
        return frozenset(folder for each in written for folder in each.held.folders)

    def apply(self, place: Place, changes: Sequence[Change], *, is_scan: bool) -> None:
        """Take in a page of a folder's scan or changes, in order."""
        for change in changes:
            match change:
                case Removed():
                    self._remove(change)
                case Upserted():
                    self._upsert(place, change, is_scan=is_scan)
                case FoldersSet():
                    self._set_folders(place, change)

    def sweep(self, place: Place, unseen: Iterable[HeldMessage]) -> None:
        """Take in that a finished scan of a folder did not see these messages."""
        for held in unseen:
            if place.remote_id == WHOLE:
                self._bury(held)
            else:
                self._want(held.remote_id, held.thread_id, Reason.CONFIRM)

    def take(self, want: Want, found: Message | Gone, places: Mapping[str, Place]) -> None:
        """Take in what a fetch brought, while the folders were as far as `places` say."""
        held = self._held.get(want.remote_id)
        self._done.add(want.remote_id)
        if isinstance(found, Gone):
            if held is not None:
                self._bury(held)
        elif held is None or held.version <= found.version or held.presence is not Presence.LIVE:
            # It was there just now: a scan that is under way has seen it.
            seen = (place.generation for name, place in places.items() if _is_of(name, found))
            self._write(held, found, generation=max(seen, default=0))

    def put_off(self, want: Want) -> None:
        """Take in that a fetch is to be made later."""
        self._wanted[want.remote_id] = want

    def _remove(self, change: Removed) -> None:
        held = self._held.get(change.remote_id)
        if change.folder is None:
            self._wanted.pop(change.remote_id, None)
            self._done.add(change.remote_id)
            if held is not None:
                self._bury(held)
        elif held is not None and _is_there(held) and change.folder in held.folders:
            self._want(held.remote_id, held.thread_id, Reason.CONFIRM)

    def _upsert(self, place: Place, change: Upserted, *, is_scan: bool) -> None:
        held = self._held.get(change.remote_id)
        if held is None or not _is_there(held):
            self._want(change.remote_id, change.thread_id, Reason.NEW)
            return
        if is_scan and place.remote_id == WHOLE:
            # The scan does not say where the message is now, and what happened to it since the
            # old cursor is told by nobody any more.
            self._move(held, replace(held, generation=place.generation))
            self._want(held.remote_id, held.thread_id, Reason.REFRESH)
            return
        folders = (held.folders | change.folders_added) - change.folders_removed
        if place.remote_id != WHOLE:
            folders = frozenset({place.remote_id})
        is_read = held.is_read if change.is_read is None else change.is_read
        self._settle(place, held, change.version, folders, is_read=is_read)
        is_known = place.cursor is not None and change.version == held.version
        if is_scan and held.presence in _CHOSEN and not is_known:
            # It may have changed, or what the owner chose lets it in by now, or leaves it out.
            self._want(held.remote_id, held.thread_id, Reason.REFRESH)

    def _set_folders(self, place: Place, change: FoldersSet) -> None:
        held = self._held.get(change.remote_id)
        if held is None or not _is_there(held):
            self._want(change.remote_id, None, Reason.NEW)
            return
        self._settle(place, held, change.version, change.folders, is_read=change.is_read)

    def _settle(
        self,
        place: Place,
        held: HeldMessage,
        version: str | None,
        folders: frozenset[str],
        *,
        is_read: bool,
    ) -> None:
        """Move a message that is kept to where it is now said to be."""
        if version is not None and version < held.version:
            self._move(held, replace(held, generation=place.generation))
            return
        if self._wanted.get(held.remote_id, _NOBODY).reason is Reason.CONFIRM:
            del self._wanted[held.remote_id]
        self._arrived.add(held.remote_id)
        after = replace(
            held,
            version=version or held.version,
            folders=folders,
            is_read=is_read,
            generation=place.generation,
        )
        is_hidden = self._views.folders.hides(folders)
        if held.presence is Presence.LIVE and is_hidden:
            after = self._announce_end(replace(after, presence=Presence.HIDDEN))
        elif held.presence is not Presence.LIVE and not is_hidden:
            if held.presence is Presence.HIDDEN or folders != held.folders:
                self._want(held.remote_id, held.thread_id, Reason.REFRESH)
        elif held.presence is Presence.LIVE and (folders, is_read) != (held.folders, held.is_read):
            after = self._announce(RecordOperation.UPDATED, held, after)
        self._move(held, after)

    def _write(self, held: HeldMessage | None, found: Message, *, generation: int) -> None:
        views = self._views
        if held is not None and held.folders == found.folders:
            # Scans are counted by folder: what another one had seen says nothing here.
            generation = max(generation, held.generation)
        after = HeldMessage(
            record_id=record_id("msg", views.account.id, found.remote_id),
            remote_id=found.remote_id,
            thread_id=found.thread_id,
            version=found.version,
            folders=found.folders,
            is_read=found.is_read,
            presence=self._presence(found),
            generation=generation,
            revision=held.revision if held else 0,
        )
        was_live = held is not None and held.presence is Presence.LIVE
        if after.presence is not Presence.LIVE:
            if was_live:
                after = self._announce_end(after)
            self._move(held, after)
            return
        if held is None or not was_live:
            after = self._announce(RecordOperation.CREATED, None, after, found)
        elif (held.folders, held.is_read) != (after.folders, after.is_read):
            after = self._announce(RecordOperation.UPDATED, held, after)
        for each in contacts_of(found, views.policy):
            self._contacts[each.email] = Contact(each, views.announcer.now)
        self._held[found.remote_id] = after
        self._moved.pop(found.remote_id, None)
        self._written[found.remote_id] = Written(after, found, is_outgoing(found, views.policy))

    def _presence(self, found: Message) -> Presence:
        if found.is_draft or self._views.folders.hides(found.folders):
            return Presence.HIDDEN
        return Presence.EXCLUDED if exclusion(found, self._views.policy) else Presence.LIVE

    def _bury(self, held: HeldMessage) -> None:
        if not _is_there(held):
            return
        after = replace(held, presence=Presence.GONE)
        if held.presence is Presence.LIVE:
            after = self._announce_end(after)
        self._move(held, after)

    def _announce_end(self, after: HeldMessage) -> HeldMessage:
        return self._announce(RecordOperation.DELETED, None, after)

    def _announce(
        self,
        operation: RecordOperation,
        before: HeldMessage | None,
        after: HeldMessage,
        content: Message | None = None,
    ) -> HeldMessage:
        after = replace(after, revision=after.revision + 1)
        self._events.append(self._views.announcer.message(operation, before, after, content))
        return after

    def _move(self, held: HeldMessage | None, after: HeldMessage) -> None:
        if after != held:
            self._held[after.remote_id] = after
            self._written.pop(after.remote_id, None)
            self._moved[after.remote_id] = after

    def _want(self, remote_id: str, thread_id: str | None, reason: Reason) -> None:
        self._done.discard(remote_id)
        known = self._wanted.get(remote_id)
        if known is None or known.reason is Reason.CONFIRM:
            self._wanted[remote_id] = Want(remote_id, thread_id or "", reason)


_CHOSEN = frozenset({Presence.LIVE, Presence.EXCLUDED})
_NOBODY = Want("", "", Reason.NEW)


def _is_of(folder: str, message: Message) -> bool:
    return folder == WHOLE or folder in message.folders


def _is_there(held: HeldMessage) -> bool:
    return held.presence is not Presence.GONE
