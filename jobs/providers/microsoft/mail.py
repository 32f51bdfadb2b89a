"""One mailbox of Microsoft's: a delta for each folder, and messages in batches."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import quote

from jobs.providers.answer import AnswerOutOfBounds, Fields, text_of
from jobs.providers.http import Ask, Lane, ProviderHTTP
from jobs.providers.microsoft.batch import Batches, Part
from jobs.providers.microsoft.fetching import Fetching
from jobs.providers.microsoft.known_folders import KnownFolders
from jobs.providers.microsoft.link import links_of, values_of
from jobs.providers.microsoft.message import version_of
from jobs.providers.microsoft.methods import ATTACHMENT, DELTA, FOLDER, FOLDERS
from jobs.providers.page import id_of
from jobs.providers.text import clean
from jobs.sync.bounds import is_fit, stand_in
from jobs.sync.faults import ItemGone, ItemTooLarge, Temporary
from jobs.sync.items import Folder, FolderRole
from jobs.sync.provider import (
    MOST_ATTACHMENT_BYTES,
    AccountRef,
    Change,
    Fetched,
    Page,
    Removed,
    Upserted,
    Wanted,
)
from sanderling.kernel.clock import Clock

PAGE_SIZE = 500
_MOST_FOLDER_PAGES = 100
_IMMUTABLE = 'IdType="ImmutableId"'
_PAGED = {"prefer": f"{_IMMUTABLE}, odata.maxpagesize={PAGE_SIZE}"}
_SELECT = "isRead,conversationId,lastModifiedDateTime"

_ROLES = {
    "inbox": FolderRole.INBOX,
    "sentitems": FolderRole.SENT,
    "drafts": FolderRole.DRAFTS,
    "deleteditems": FolderRole.TRASH,
    "junkemail": FolderRole.SPAM,
    "archive": FolderRole.ARCHIVE,
    "outbox": FolderRole.OTHER,
    "conversationhistory": FolderRole.OTHER,
    "syncissues": FolderRole.OTHER,
}
_LEFT_OUT = frozenset(_ROLES) - {"inbox", "sentitems", "archive"}
"""What lies here or below is no mail that came or went: a move out of it shows as an arrival."""


class GraphMailProvider:
    """Serve one account's mail; each folder is a stream of its own."""

    def __init__(self, http: ProviderHTTP, clock: Clock, known: KnownFolders) -> None:
        """Ask over `http`; `known` remembers which folders are which."""
        self._http = http
        self._known = known
        self._batches = Batches(http)
        self._fetching = Fetching(self._batches, clock)

    async def folders(self) -> tuple[Folder, ...]:
        """Return every folder, however deep; those of drafts, bin and spam are not synced."""
        found: dict[str, Fields] = {}
        page: str | None = FOLDERS.at()
        params = {"$select": "displayName,parentFolderId"}
        is_first = True
        for _ in range(_MOST_FOLDER_PAGES):
            if page is None:
                break
            ask = Ask("GET", page, units=1, params=params, headers=_PAGED)
            fields = await self._http.fields(ask)
            found |= {id_of(one) or stand_in(""): one for one in values_of(fields)}
            following, cursor = links_of(fields, page)
            # A walk leaves out what changes under it; a page that is all of one saw one moment.
            page = following or (None if is_first else cursor)
            is_first = following is None
            params = {}
        if page is not None:
            raise Temporary("folders go on without end")
        present = {key: one for key, one in found.items() if "@removed" not in one}
        account_id, ids = self._http.account_id, frozenset(present)
        names = self._known.names(account_id, ids)
        if names is None:
            names = await self._well_known()
            self._known.keep(account_id, ids, names)
        return _folders(present, names)

    async def cursor_before_scan(self, folder: str) -> str | None:  # noqa: ARG002 - the port's.
        """Return None: a scan's last page has the cursor."""
        return None

    async def scan(self, folder: str, page: str | None) -> Page[Change]:
        """Return a page of a folder; changes since it was begun come after its cursor."""
        if page is not None:
            return await self._page(folder, page, {})
        path = DELTA.at(folder=quote(folder, safe=""))
        return await self._page(folder, path, {"$select": _SELECT})

    async def changes(self, folder: str, cursor: str, page: str | None) -> Page[Change]:
        """Return a page of a folder's messages that were changed, came or left."""
        return await self._page(folder, page or cursor, {})

    async def fetch(self, wanted: Sequence[Wanted]) -> Mapping[str, Fetched]:
        """Return what became of each wanted message."""
        return await self._fetching.fetch(wanted)

    async def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return the bytes of an attachment; one that is a mail itself comes as MIME."""
        if not is_fit(attachment_id):
            raise ItemGone
        message, file = quote(message_id, safe=""), quote(attachment_id, safe="")
        path = ATTACHMENT.at(message=message, file=file)
        prefer, most = {"prefer": _IMMUTABLE}, MOST_ATTACHMENT_BYTES
        try:
            answer = await self._http.send(
                Ask("GET", path, units=1, headers=prefer, max_bytes=most)
            )
        except AnswerOutOfBounds:
            raise ItemTooLarge from None
        return answer.body

    async def _page(self, folder: str, path: str, params: Mapping[str, str]) -> Page[Change]:
        ask = Ask("GET", path, units=1, params=params, headers=_PAGED)
        fields = await self._http.fields(ask)
        following, cursor = links_of(fields, path)
        items = tuple(_change(one, folder) for one in values_of(fields))
        return Page(items, following, cursor)

    async def _well_known(self) -> dict[str, str]:
        """Return which folder has which well-known name, whatever people's language is."""
        names = tuple(_ROLES)
        parts = [
            Part(f"{FOLDER.at(folder=name)}?$select=id", {"prefer": _IMMUTABLE}) for name in names
        ]
        found: dict[str, str] = {}
        for name, answer in zip(names, await self._batches.ask(parts), strict=True):
            if answer is not None and answer.is_success:
                found[id_of(answer.fields())] = name
            elif answer is None or answer.status != HTTPStatus.NOT_FOUND:
                # A folder taken for another one would have its mail deleted or brought in.
                raise Temporary("folders could not be told apart")
        return found


class GraphMailProviders:
    """Open mailboxes of Microsoft's; which folder is which outlives each opening."""

    def __init__(self, lane: Lane) -> None:
        """Go along `lane`, whose base URL is the host of Graph."""
        self._lane = lane
        self._known = KnownFolders(lane.clock)

    @asynccontextmanager
    async def open(self, account: AccountRef) -> AsyncGenerator[GraphMailProvider]:
        """Yield the account's mail."""
        http = ProviderHTTP(self._lane, account.id)
        yield GraphMailProvider(http, self._lane.clock, self._known)


def _change(fields: Fields, folder: str) -> Change:
    if "@removed" in fields:
        return Removed(id_of(fields), folder)
    is_read = fields.get("isRead")
    return Upserted(
        id_of(fields),
        version_of(fields) or None,
        folders_added=frozenset({folder}),
        thread_id=id_of(fields, "conversationId") or None,
        is_read=is_read if isinstance(is_read, bool) else None,
    )


def _folders(found: Mapping[str, Fields], well_known: Mapping[str, str]) -> tuple[Folder, ...]:
    return tuple(
        Folder(
            remote_id=key,
            name=clean(text_of(one, "displayName"), 500),
            role=_ROLES.get(well_known.get(key, ""), FolderRole.OTHER),
            is_synced=not any(well_known.get(each, "") in _LEFT_OUT for each in _line(key, found)),
        )
        for key, one in found.items()
    )


def _line(key: str, found: Mapping[str, Fields]) -> list[str]:
    """Return a folder and those that it lies in, from within."""
    line: list[str] = []
    while key in found and key not in line:
        line.append(key)
        key = id_of(found[key], "parentFolderId")
    return line
