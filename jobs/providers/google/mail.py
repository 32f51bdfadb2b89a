"""One Gmail account: a scan by ids, a history of changes, and messages in batches."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

from jobs.providers.answer import AnswerOutOfBounds, Fields, fields_of, list_of, text_of, texts_of
from jobs.providers.google.fetching import Fetching
from jobs.providers.google.message import (
    UNREAD,
    bytes_of,
    folders_of,
    label_of,
    parts_of,
    version_of,
)
from jobs.providers.google.methods import (
    ATTACHMENT,
    HISTORY,
    LABELS,
    MESSAGE,
    MESSAGES,
    PROFILE,
)
from jobs.providers.google.window import Windows
from jobs.providers.http import Ask, Lane, ProviderHTTP
from jobs.providers.page import following_of, id_of, items_of
from jobs.providers.text import clean
from jobs.sync.faults import CursorExpired, Defect, ItemGone, ItemTooLarge, Temporary
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
from sanderling.kernel.units import KIB

WHOLE_MAILBOX = ""
PAGE_SIZE = 500
_NEXT = "nextPageToken"
_MOST_WRITTEN_BYTES = MOST_ATTACHMENT_BYTES // 3 * 4 + 64 * KIB
"""Four characters stand for three bytes, in a little JSON."""

_MAX_LABEL_CHARS = 500

_ROLES = {
    "INBOX": FolderRole.INBOX,
    "SENT": FolderRole.SENT,
    "DRAFT": FolderRole.DRAFTS,
    "TRASH": FolderRole.TRASH,
    "SPAM": FolderRole.SPAM,
}


class GmailProvider:
    """Serve one account's mail; labels are its folders, and the whole mailbox is one stream."""

    def __init__(self, http: ProviderHTTP, fetching: Fetching) -> None:
        """Ask over `http`, and for messages through `fetching`."""
        self._http = http
        self._fetching = fetching

    async def folders(self) -> tuple[Folder, ...]:
        """Return the whole mailbox, which is synced, and the labels by their names."""
        fields = await self._http.fields(Ask("GET", LABELS.path, units=LABELS.units))
        whole = Folder(WHOLE_MAILBOX, "", FolderRole.OTHER, is_synced=True)
        return (whole, *(_folder(label) for label in items_of(fields, "labels")))

    async def cursor_before_scan(self, folder: str) -> str | None:  # noqa: ARG002 - there is one.
        """Return the history id of now: what changes during the scan comes after it."""
        fields = await self._http.fields(Ask("GET", PROFILE.path, units=PROFILE.units))
        return _history_id(fields)

    async def scan(self, folder: str, page: str | None) -> Page[Change]:  # noqa: ARG002 - as above.
        """Return the ids of a page, spam and bin included; filters are applied where it is kept."""
        params = {"maxResults": str(PAGE_SIZE), "includeSpamTrash": "true"}
        try:
            fields = await self._list(MESSAGES.path, MESSAGES.units, params, page)
        except (Defect, ItemGone):
            if page is None:
                raise
            raise CursorExpired from None
        changes = tuple(
            Upserted(id_of(one), None, thread_id=id_of(one, "threadId") or None)
            for one in items_of(fields, "messages")
        )
        return Page(changes, following_of(fields, _NEXT, page))

    async def changes(self, folder: str, cursor: str, page: str | None) -> Page[Change]:
        """Return a page of the history, of every kind of change."""
        params = {"startHistoryId": cursor, "maxResults": str(PAGE_SIZE)}
        try:
            fields = await self._list(HISTORY.path, HISTORY.units, params, page)
        except ItemGone:
            raise CursorExpired from None
        except Defect:
            if page is None:
                raise
            # The page is not known any more; the cursor is, and what comes twice is harmless.
            return await self.changes(folder, cursor, None)
        changes = tuple(
            change for record in items_of(fields, "history") for change in _changes(record)
        )
        following = following_of(fields, _NEXT, page)
        return Page(changes, following, None if following else _history_id(fields))

    async def fetch(self, wanted: Sequence[Wanted]) -> Mapping[str, Fetched]:
        """Return what became of each wanted message."""
        return await self._fetching.fetch(wanted)

    async def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return a part's bytes; its place in the message is its id."""
        path = f"{MESSAGE.path}{quote(message_id, safe='')}"
        try:
            body = await self._part(path, attachment_id)
            fleeting_id = text_of(body, "attachmentId")
            if fleeting_id:
                path = f"{path}/attachments/{quote(fleeting_id, safe='')}"
                ask = Ask("GET", path, units=ATTACHMENT.units, max_bytes=_MOST_WRITTEN_BYTES)
                body = await self._http.fields(ask)
        except AnswerOutOfBounds:
            raise ItemTooLarge from None
        data = text_of(body, "data")
        content = bytes_of(data)
        if data and not content:
            raise Temporary("an attachment came damaged")
        return content

    async def _part(self, path: str, part_id: str) -> Fields:
        """Return the body of a part, with the id that its bytes have just now."""
        ask = Ask("GET", path, units=MESSAGE.units, params={"format": "full"})
        message = await self._http.fields(ask)
        parts, _ = parts_of(fields_of(message, "payload"))
        body = next((part.body for part in parts if part.id == part_id), None)
        if body is None:
            raise ItemGone
        return body

    async def _list(
        self, path: str, units: int, params: dict[str, str], page: str | None
    ) -> Fields:
        if page is not None:
            params["pageToken"] = page
        return await self._http.fields(Ask("GET", path, units=units, params=params))


class GmailProviders:
    """Open Gmail accounts; sizes of batches outlive each opening."""

    def __init__(self, lane: Lane) -> None:
        """Go along `lane`, whose base URL is the host of Gmail."""
        self._lane = lane
        self._windows = Windows()

    @asynccontextmanager
    async def open(self, account: AccountRef) -> AsyncGenerator[GmailProvider]:
        """Yield the account's mail."""
        http = ProviderHTTP(self._lane, account.id)
        yield GmailProvider(http, Fetching(http, self._lane.clock, self._windows))


def _history_id(fields: Fields) -> str:
    history_id = text_of(fields, "historyId")
    if not (history_id.isascii() and history_id.isdigit()):
        raise Temporary("an answer came without its history id")
    return history_id


def _folder(label: Fields) -> Folder:
    label_id = label_of(text_of(label, "id"))
    role = _ROLES.get(label_id, FolderRole.OTHER)
    return Folder(label_id, clean(text_of(label, "name"), _MAX_LABEL_CHARS), role, is_synced=False)


def _changes(record: Fields) -> list[Change]:
    version = version_of(text_of(record, "id"))
    changes: list[Change] = []
    for kind in ("messagesAdded", "labelsAdded", "labelsRemoved"):
        for item in list_of(record, kind):
            message = fields_of(item, "message")
            told = texts_of(message if kind == "messagesAdded" else item, "labelIds")
            changes.append(_upserted(message, version, kind, told))
    changes.extend(
        Removed(id_of(fields_of(item, "message"))) for item in list_of(record, "messagesDeleted")
    )
    return changes


def _upserted(message: Fields, version: str, kind: str, labels: tuple[str, ...]) -> Upserted:
    is_removal = kind == "labelsRemoved"
    folders, nothing = folders_of(labels), frozenset[str]()
    is_read = is_removal if UNREAD in labels else None
    if kind == "messagesAdded" and labels:
        is_read = UNREAD not in labels
    return Upserted(
        id_of(message),
        version,
        nothing if is_removal else folders,
        folders if is_removal else nothing,
        id_of(message, "threadId") or None,
        is_read,
    )
