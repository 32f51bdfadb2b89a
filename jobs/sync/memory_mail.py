"""A mailbox in memory, and the two ways in which providers tell of one."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from jobs.sync.faults import CursorExpired, ItemGone, ProviderFault
from jobs.sync.items import Address, Folder, Message, Participant, Role
from jobs.sync.provider import (
    AccountRef,
    Change,
    Deferred,
    Fetched,
    Gone,
    MailProvider,
    Page,
    Removed,
    Upserted,
    Wanted,
)

BeforeRequest = Callable[[str], Awaitable[None]]
WHOLE_MAILBOX = ""
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_DIGITS = 20


async def _nothing(_request: str) -> None:
    """Let every request pass."""


@dataclass(frozen=True, slots=True)
class _Record:
    """One change: which message, and the folders that it came to and left."""

    number: int
    remote_id: str
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    is_read: bool | None = None
    is_deletion: bool = False


class MemoryMailbox:
    """What a provider holds: messages by id, and what happened to them since a moment."""

    def __init__(self, folders: Sequence[Folder]) -> None:
        """Start empty, with these folders."""
        self.folders = tuple(folders)
        self.messages: dict[str, Message] = {}
        self.attachments: dict[tuple[str, str], bytes] = {}
        self.records: list[_Record] = []
        self.oldest = 0
        self._numbers = count(1)
        self._names = count(1)

    @property
    def latest(self) -> int:
        """The number of the last change."""
        return self.records[-1].number if self.records else 0

    def add(
        self,
        *,
        folders: frozenset[str],
        text: str = "",
        subject: str = "",
        sender: str = "ann@example.com",
        thread_id: str | None = None,
    ) -> str:
        """Let a message come in; return its id."""
        remote_id = f"m{next(self._names):06}"
        thread_id = thread_id or f"t-{remote_id}"
        self.put(
            Message(
                remote_id=remote_id,
                thread_id=thread_id,
                rfc_message_id=f"<{remote_id}@example.com>",
                version="",
                folders=folders,
                is_read=False,
                is_draft=False,
                sent_at=_BEGINNING,
                received_at=_BEGINNING,
                subject=subject or remote_id,
                participants=(Participant(Role.FROM, Address("", sender)),),
                text=text,
                attachments=(),
                headers={},
            )
        )
        return remote_id

    def put(self, message: Message) -> None:
        """Let this very message come in."""
        self._change(message, _Record(0, message.remote_id, added=message.folders))

    def move(self, remote_id: str, *, to: frozenset[str]) -> None:
        """Put a message into exactly these folders."""
        message = self.messages[remote_id]
        if message.folders != to:
            record = _Record(0, remote_id, added=to - message.folders, removed=message.folders - to)
            self._change(replace(message, folders=to), record)

    def mark(self, remote_id: str, *, is_read: bool) -> None:
        """Change whether a message is read."""
        message = replace(self.messages[remote_id], is_read=is_read)
        self._change(message, _Record(0, remote_id, is_read=is_read))

    def delete(self, remote_id: str) -> None:
        """Remove a message for good."""
        message = self.messages.pop(remote_id)
        self._note(_Record(0, remote_id, removed=message.folders, is_deletion=True))

    def expire(self) -> None:
        """Forget what happened up to now: cursors that are out there are worth nothing."""
        self._note(_Record(0, ""))
        self.oldest = self.latest

    def _change(self, message: Message, record: _Record) -> None:
        number = self._note(record)
        self.messages[message.remote_id] = replace(message, version=version_of(number))

    def _note(self, record: _Record) -> int:
        number = next(self._numbers)
        self.records.append(replace(record, number=number))
        return number


def version_of(number: int) -> str:
    """Return the version of a message that change `number` was the last of."""
    return f"{number:0{_DIGITS}}"


class MemoryMail:
    """One stream for the whole mailbox, whose changes say which labels came and went."""

    def __init__(
        self, mailbox: MemoryMailbox, before: BeforeRequest = _nothing, *, page_size: int = 3
    ) -> None:
        """Tell of `mailbox`; await `before` ahead of each request with its name."""
        self.mailbox = mailbox
        self.before = before
        self.page_size = page_size
        self.deferred: dict[str, ProviderFault] = {}

    async def folders(self) -> tuple[Folder, ...]:
        """Return every folder."""
        await self.before("folders")
        return self.mailbox.folders

    async def cursor_before_scan(self, folder: str) -> str | None:
        """Return the number of the last change."""
        await self.before(f"cursor {folder}")
        return str(self.mailbox.latest)

    async def scan(self, folder: str, page: str | None) -> Page[Change]:
        """Return a page of ids, the newest first, which is why a scan misses what comes later."""
        await self.before(f"scan {folder}")
        ids = sorted(self.mailbox.messages, reverse=True)
        left = [each for each in ids if page is None or each < page]
        taken = left[: self.page_size]
        items = tuple(Upserted(each, None, thread_id=self._thread(each)) for each in taken)
        return Page(items, next_page=taken[-1] if len(left) > len(taken) else None)

    async def changes(self, folder: str, cursor: str, page: str | None) -> Page[Change]:
        """Return a page of what changed, each change by itself."""
        await self.before(f"changes {folder}")
        taken, position, is_last = self._taken(page or cursor)
        items = tuple(map(self._change, taken))
        if is_last:
            return Page(items, cursor=position)
        return Page(items, next_page=position)

    async def fetch(self, wanted: Sequence[Wanted]) -> Mapping[str, Fetched]:
        """Return each message as it is now, but for the deferred ones."""
        await self.before("fetch")
        return {each.remote_id: self._fetched(each.remote_id) for each in wanted}

    async def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return one attachment's bytes."""
        await self.before("attachment")
        try:
            return self.mailbox.attachments[message_id, attachment_id]
        except KeyError:
            raise ItemGone(reason="it is not there") from None

    def _fetched(self, remote_id: str) -> Fetched:
        if (fault := self.deferred.pop(remote_id, None)) is not None:
            return Deferred(fault)
        return self.mailbox.messages.get(remote_id, Gone())

    def _taken(self, position: str) -> tuple[list[_Record], str, bool]:
        """Return records after `position`, where they end, and whether nothing follows."""
        start = int(position)
        if start < self.mailbox.oldest:
            raise CursorExpired(reason="the position is too old")
        left = [each for each in self.mailbox.records if each.number > start]
        taken = left[: self.page_size]
        known = [each for each in taken if each.remote_id]
        end = taken[-1].number if taken else start
        return known, str(end), len(taken) == len(left)

    def _change(self, record: _Record) -> Change:
        if record.is_deletion:
            return Removed(record.remote_id)
        return Upserted(
            record.remote_id,
            version_of(record.number),
            folders_added=record.added,
            folders_removed=record.removed,
            thread_id=self._thread(record.remote_id),
            is_read=record.is_read,
        )

    def _thread(self, remote_id: str) -> str | None:
        message = self.mailbox.messages.get(remote_id)
        return None if message is None else message.thread_id


class MemoryFolderMail(MemoryMail):
    """A stream for each folder, which tells what is in it now and what is not any more."""

    async def cursor_before_scan(self, folder: str) -> str | None:  # noqa: ARG002 - the port's.
        """Return None: a scan's last page has the cursor."""
        return None

    async def scan(self, folder: str, page: str | None) -> Page[Change]:
        """Return a page of a folder; its cursor is from when the scan began."""
        await self.before(f"scan {folder}")
        begun, _, after = (page or f"{self.mailbox.latest}:").partition(":")
        if int(begun) < self.mailbox.oldest:
            raise CursorExpired(reason="the page is too old")
        here = [each for each, m in self.mailbox.messages.items() if folder in m.folders]
        left = sorted(each for each in here if each > after)
        taken = left[: self.page_size]
        items = tuple(self._state(each, folder) for each in taken)
        if len(left) > len(taken):
            return Page(items, next_page=f"{begun}:{taken[-1]}")
        return Page(items, cursor=begun)

    async def changes(self, folder: str, cursor: str, page: str | None) -> Page[Change]:
        """Return a page of a folder's messages that were changed, came or left."""
        await self.before(f"changes {folder}")
        taken, position, is_last = self._taken(page or cursor)
        ids = dict.fromkeys(each.remote_id for each in taken if self._touches(each, folder))
        items = tuple(self._state(each, folder) for each in ids)
        if is_last:
            return Page(items, cursor=position)
        return Page(items, next_page=position)

    def _touches(self, record: _Record, folder: str) -> bool:
        message = self.mailbox.messages.get(record.remote_id)
        is_here = message is not None and folder in message.folders
        return is_here or folder in record.added or folder in record.removed

    def _state(self, remote_id: str, folder: str) -> Change:
        message = self.mailbox.messages.get(remote_id)
        if message is None or folder not in message.folders:
            return Removed(remote_id, folder)
        return Upserted(
            remote_id,
            message.version,
            folders_added=frozenset({folder}),
            thread_id=message.thread_id,
            is_read=message.is_read,
        )


class MemoryMailProviders:
    """Open mailboxes that are there already, by account."""

    def __init__(self, mail: Mapping[str, MailProvider]) -> None:
        """Open each account of `mail` by its id."""
        self._mail = mail

    @asynccontextmanager
    async def open(self, account: AccountRef) -> AsyncGenerator[MailProvider]:
        """Yield the account's mail."""
        yield self._mail[account.id]
