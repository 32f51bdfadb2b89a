"""The ports to providers of mail and calendars, and the words they are spoken in.

Every method raises `ProviderFault` and its kinds, and nothing else, when the provider is away or
refuses: nothing was changed then, and the same request may be made again.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from jobs.sync.faults import ProviderFault
from jobs.sync.items import CalendarRef, Event, Folder, Message
from sanderling.kernel.ids import WorkspaceId
from sanderling.kernel.units import MIB

MOST_ATTACHMENT_BYTES: Final = 32 * MIB
"""More than Gmail takes, with how mail writes bytes; whoever reads one holds all of it."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account to open, and whose it is."""

    id: str
    workspace_id: WorkspaceId
    email: str


@dataclass(frozen=True, slots=True)
class Upserted:
    """A message is there, or was changed; its body is not said.

    Folders are those that were added and removed by this change. A provider that does not say a
    version, a thread or whether it is read leaves them None.
    """

    remote_id: str
    version: str | None
    folders_added: frozenset[str] = frozenset()
    folders_removed: frozenset[str] = frozenset()
    thread_id: str | None = None
    is_read: bool | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """An item is gone everywhere, or from `folder` alone: it may be in another one now."""

    remote_id: str
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class FoldersSet:
    """A message is in exactly these folders."""

    remote_id: str
    version: str | None
    folders: frozenset[str]
    is_read: bool


Change = Upserted | Removed | FoldersSet


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One answer of many: `next_page` while more follows, the new `cursor` on the last alone.

    An empty page with a `next_page` is legal. A scan's last page has no cursor where the cursor
    is taken before the scan.
    """

    items: tuple[Item, ...]
    next_page: str | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message to fetch; those of one thread may be fetched together."""

    remote_id: str
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The provider does not know this message any more."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """This message alone could not be fetched; the others of the batch are not touched by it."""

    fault: ProviderFault


Fetched = Message | Gone | Deferred


class MailProvider(Protocol):
    """One account's mail; the suite is `tests/contract/test_mail_provider_contract.py`.

    Cursors and pages are opaque text. An item may come several times, in any order, also across
    pages; what is told twice changes nothing.
    """

    async def folders(self) -> tuple[Folder, ...]:
        """Return every folder.

        A provider with one stream for the whole mailbox returns a folder `""` that is synced, and
        its labels as folders that are not.
        """
        ...

    async def cursor_before_scan(self, folder: str) -> str | None:
        """Return where changes begin that a scan started now may miss.

        None when the scan gives the cursor itself, on its last page.
        """
        ...

    async def scan(self, folder: str, page: str | None) -> Page[Change]:
        """Return a page of everything in `folder`, from the beginning without `page`.

        Raises:
            CursorExpired: the page is not known any more; begin the scan again.

        """
        ...

    async def changes(self, folder: str, cursor: str, page: str | None) -> Page[Change]:
        """Return a page of what changed since `cursor`.

        Raises:
            CursorExpired: only a new scan tells what happened meanwhile.

        """
        ...

    async def fetch(self, wanted: Sequence[Wanted]) -> Mapping[str, Fetched]:
        """Return what became of each wanted message, by its remote id.

        An id that is missing from the answer is to be asked for again.
        """
        ...

    async def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return one attachment's bytes.

        Raises:
            ItemGone: there is no such attachment any more.
            ItemTooLarge: it is larger than `MOST_ATTACHMENT_BYTES`.

        """
        ...


class CalendarProvider(Protocol):
    """One account's calendars; the suite is `tests/contract/test_calendar_provider_contract.py`.

    Cursors and pages are as those of mail.
    """

    async def calendars(self) -> tuple[CalendarRef, ...]:
        """Return the calendars that can be synced under the account's consent."""
        ...

    async def scan(self, calendar: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of every event, from the beginning without `page`."""
        ...

    async def changes(self, calendar: str, cursor: str, page: str | None) -> Page[Event | Removed]:
        """Return a page of what changed since `cursor`.

        Raises:
            CursorExpired: only a new scan tells what happened meanwhile.

        """
        ...


class MailProviders(Protocol):
    """Open mailboxes; the suite is `tests/contract/test_mail_provider_contract.py`."""

    def open(self, account: AccountRef) -> AbstractAsyncContextManager[MailProvider]:
        """Return the account's mail, for as long as the block lasts."""
        ...


class CalendarProviders(Protocol):
    """Open calendars; the suite is `tests/contract/test_calendar_provider_contract.py`."""

    def open(self, account: AccountRef) -> AbstractAsyncContextManager[CalendarProvider]:
        """Return the account's calendars, for as long as the block lasts."""
        ...
